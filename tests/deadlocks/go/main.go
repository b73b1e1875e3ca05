// Patterns of goro.def in Go, by the same names: what does Go's runtime say of their meaning? One process runs one.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

var patterns = map[string]func(){}

func add(more map[string]func()) {
	for name, pattern := range more {
		patterns[name] = pattern
	}
}

// A schedule: await returns once step k, or a later one, is done.
type schedule struct{ done int32 }

func (s *schedule) step(k int32) { atomic.StoreInt32(&s.done, k) }

func (s *schedule) await(k int32) {
	for atomic.LoadInt32(&s.done) < k {
		runtime.Gosched()
	}
}

// rendezvous returns when n goroutines have called it.
type rendezvous struct{ arrived int32 }

func (r *rendezvous) wait(n int32) {
	atomic.AddInt32(&r.arrived, 1)
	for atomic.LoadInt32(&r.arrived) < n {
		runtime.Gosched()
	}
}

// both runs two goroutines and waits for them.
func both(first, second func()) {
	var done sync.WaitGroup
	done.Add(2)
	for _, f := range []func(){first, second} {
		f := f
		go func() { f(); done.Done() }()
	}
	done.Wait()
}

func main() {
	if len(os.Args) != 2 || patterns[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: go NAME")
		os.Exit(2)
	}
	patterns[os.Args[1]]()
}
