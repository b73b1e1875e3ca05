// Rows about goroutines themselves: start and end, yield, a tree of them. See spawn.c.
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	batch    = 1000
	yielders = 4
	children = 10
)

func countAndLeave(ended *int64, all *sync.WaitGroup) {
	atomic.AddInt64(ended, 1)
	all.Done()
}

// One at a time: start it, wait for its end.
func spawn(b *bench) {
	var all sync.WaitGroup
	var ended int64
	b.start()
	for i := int64(0); i < b.n; i++ {
		all.Add(1)
		go countAndLeave(&ended, &all)
		all.Wait()
	}
	b.stop()
	expect("goroutines that ended", ended, b.n)
}

// A thousand at a time.
func spawnMany(b *bench) {
	var all sync.WaitGroup
	var ended int64
	b.start()
	for i := int64(0); i < b.n; i += batch {
		all.Add(batch)
		for j := 0; j < batch; j++ {
			go countAndLeave(&ended, &all)
		}
		all.Wait()
	}
	b.stop()
	expect("goroutines that ended", ended, b.n)
}

func yielder(times int64, yields *int64, all *sync.WaitGroup) {
	done := int64(0)
	for done < times {
		runtime.Gosched()
		done++
	}
	atomic.AddInt64(yields, done)
	all.Done()
}

func yield(b *bench) {
	var all sync.WaitGroup
	var yields int64
	b.start()
	all.Add(yielders)
	for i := 0; i < yielders; i++ {
		go yielder(b.n/yielders, &yields, &all)
	}
	all.Wait()
	b.stop()
	expect("yields", yields, b.n)
}

func node(sum chan int64, first, leaves int64) {
	if leaves == 1 {
		sum <- first
		return
	}
	parts := make(chan int64)
	total, part := int64(0), leaves/children
	for i := int64(0); i < children; i++ {
		go node(parts, first+i*part, part)
	}
	for i := 0; i < children; i++ {
		total += <-parts
	}
	sum <- total
}

// n is a power of ten.
func skynet(b *bench) {
	sum := make(chan int64)
	b.start()
	go node(sum, 0, b.n)
	total := <-sum
	b.stop()
	expect("sum of all leaves", total, b.n*(b.n-1)/2)
}
