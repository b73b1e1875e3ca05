package main

import (
	"context"
	"runtime"
	"sync"
	"time"
)

func init() {
	add(map[string]func(){
		"stuck_goro_no_sender": func() { <-make(chan int, 1) },
		"stuck_goro_self_send": func() { make(chan int) <- 1 },
		"stuck_goro_leaked_sender": func() {
			var s schedule
			result := make(chan int)
			go func() {
				s.await(1)
				result <- 42
			}()
			select {
			case <-result:
			case <-time.After(time.Millisecond):
			}
			s.step(1)
			for i := 0; i < 1000; i++ {
				runtime.Gosched()
			}
		},
		"stuck_goro_no_close": func() {
			c := make(chan int)
			var done sync.WaitGroup
			done.Add(1)
			go func() {
				for range c {
				}
				done.Done()
			}()
			c <- 1
			done.Wait()
		},
		"stuck_goro_nil":          func() { var c chan int; c <- 1 },
		"stuck_goro_empty_select": func() { select {} },
		"stuck_goro_crossed": func() {
			there, back := make(chan int), make(chan int)
			both(func() { there <- 1; <-back }, func() { back <- 1; <-there })
		},
		"stuck_goro_two_errors": func() {
			c := make(chan int)
			var done sync.WaitGroup
			done.Add(2)
			for i := 0; i < 2; i++ {
				go func() { c <- 1; done.Done() }()
			}
			<-c
			done.Wait()
		},
		"stuck_goro_stopped_timer": func() {
			timer := time.NewTimer(time.Second)
			timer.Stop()
			<-timer.C
		},
		"stuck_goro_never_cancelled": func() {
			ctx, cancel := context.WithCancel(context.Background())
			<-ctx.Done()
			cancel()
		},
		"stuck_goro_background": func() { <-context.Background().Done() },
		"stuck_goro_ignores_cancel": func() {
			ctx, cancel := context.WithCancel(context.Background())
			result := make(chan int)
			var done sync.WaitGroup
			done.Add(1)
			cancel()
			<-ctx.Done()
			go func() { result <- 1; done.Done() }()
			done.Wait()
		},
		"stuck_goro_signal_first": func() {
			var m sync.Mutex
			c := sync.NewCond(&m)
			c.Signal()
			m.Lock()
			c.Wait()
		},
		"stuck_goro_one_signal": func() {
			var m sync.Mutex
			var s schedule
			c := sync.NewCond(&m)
			var done sync.WaitGroup
			done.Add(2)
			for i := int32(1); i <= 2; i++ {
				i := i
				go func() {
					m.Lock()
					s.step(i)
					c.Wait()
					m.Unlock()
					done.Done()
				}()
				s.await(i)
			}
			m.Lock()
			c.Signal()
			m.Unlock()
			done.Wait()
		},
		"stuck_goro_wait_before_drain": func() {
			c := make(chan int)
			var done sync.WaitGroup
			done.Add(2)
			for i := 0; i < 2; i++ {
				go func() { c <- 1; done.Done() }()
			}
			done.Wait()
		},
		"stuck_goro_no_done": func() {
			var done sync.WaitGroup
			done.Add(1)
			go func() {}()
			done.Wait()
		},
		"stuck_goro_add_too_many": func() {
			var done sync.WaitGroup
			done.Add(2)
			go done.Done()
			done.Wait()
		},
		"stuck_goro_worker_waits": func() {
			var done sync.WaitGroup
			done.Add(1)
			go func() { done.Wait(); done.Done() }()
			done.Wait()
		},
	})
}
