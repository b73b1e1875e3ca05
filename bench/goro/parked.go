// The row about goroutines that wait. See parked.c.
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

type crowd struct {
	gate        chan byte
	all         sync.WaitGroup
	here, woken int64
}

func member(c *crowd) {
	atomic.AddInt64(&c.here, 1)
	if _, ok := <-c.gate; !ok {
		atomic.AddInt64(&c.woken, 1)
	}
	c.all.Done()
}

func parked(b *bench) {
	c := crowd{gate: make(chan byte)}
	before := resident()
	b.start()
	c.all.Add(int(b.n))
	for i := int64(0); i < b.n; i++ {
		go member(&c)
	}
	for atomic.LoadInt64(&c.here) < b.n {
		runtime.Gosched()
	}
	b.bytes = (resident() - before) / b.n
	close(c.gate)
	c.all.Wait()
	b.stop()
	expect("goroutines woken", c.woken, b.n)
}
