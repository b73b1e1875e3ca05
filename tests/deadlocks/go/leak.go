package main

import (
	"context"
	"runtime"
	"sync"
)

// leak starts f and lets it get as far as it can before main ends: what is said then is said of a goroutine that waits.
func leak(f func()) {
	var s schedule
	go func() { s.step(1); f() }()
	s.await(1)
	for i := 0; i < 1000; i++ {
		runtime.Gosched()
	}
}

func init() {
	add(map[string]func(){
		"stuck_goro_leaked_receiver": func() { c := make(chan int); leak(func() { <-c }) },
		"stuck_goro_leaked_server": func() {
			c := make(chan int)
			leak(func() {
				for range c {
				}
			})
		},
		"stuck_goro_leaked_chain": func() {
			first, second := make(chan int), make(chan int)
			leak(func() { second <- <-first })
			leak(func() { <-second })
		},
		"stuck_goro_leaked_select": func() {
			work, quit := make(chan int), make(chan int)
			leak(func() {
				select {
				case <-work:
				case <-quit:
				}
			})
		},
		"stuck_goro_leaked_context": func() {
			ctx, cancel := context.WithCancel(context.Background())
			leak(func() { <-ctx.Done(); cancel() })
		},
		"stuck_goro_leaked_group": func() {
			group := new(sync.WaitGroup)
			group.Add(1)
			leak(group.Wait)
		},
	})
}
