package main

import (
	"runtime"
	"sync"
)

type guarded struct {
	sync.Mutex
	value int
}

func init() {
	add(map[string]func(){
		"misuse_goro_close_twice": func() {
			c := make(chan int)
			close(c)
			close(c)
		},
		"misuse_goro_close_nil": func() { var c chan int; close(c) },
		"misuse_goro_send_closed": func() {
			c := make(chan int, 1)
			close(c)
			c <- 1
		},
		"misuse_goro_negative": func() {
			var done sync.WaitGroup
			done.Add(1)
			done.Done()
			done.Done()
		},
		"misuse_goro_unlock_unlocked":  func() { var m sync.Mutex; m.Unlock() },
		"misuse_goro_runlock_unlocked": func() { var m sync.RWMutex; m.RUnlock() },
		"misuse_goro_ends_holding": func() {
			var m sync.Mutex
			go m.Lock()
			for m.TryLock() {
				m.Unlock()
				runtime.Gosched()
			}
		},
		"misuse_goro_copied": func() {
			var from guarded
			from.Lock()
			copied := from
			copied.value++
			copied.Unlock()
			from.Unlock()
		},
		"misuse_goro_copied_group": func() {
			var done sync.WaitGroup
			done.Add(1)
			go func(copied sync.WaitGroup) { copied.Done() }(done)
			done.Wait()
		},
	})
}
