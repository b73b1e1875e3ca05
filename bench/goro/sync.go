// Rows about locks and atomics: a counter that comes out right. See sync.c.
package main

import (
	"sync"
	"sync/atomic"
)

const goroutines = 4

type shared struct {
	mutex   sync.Mutex
	rwmutex sync.RWMutex
	all     sync.WaitGroup
	counter int64
}

func addLocked(s *shared, times int64) {
	for i := int64(0); i < times; i++ {
		s.mutex.Lock()
		s.counter++
		s.mutex.Unlock()
	}
	s.all.Done()
}

func addAtomic(s *shared, times int64) {
	for i := int64(0); i < times; i++ {
		atomic.AddInt64(&s.counter, 1)
	}
	s.all.Done()
}

func readLocked(s *shared, times int64) {
	sum := int64(0)
	for i := int64(0); i < times; i++ {
		s.rwmutex.RLock()
		sum += s.counter
		s.rwmutex.RUnlock()
	}
	expect("sum of what was read", sum, times)
	s.all.Done()
}

func share(b *bench, s *shared, work func(s *shared, times int64), goroutines int64) {
	b.start()
	s.all.Add(int(goroutines))
	for i := int64(0); i < goroutines; i++ {
		go work(s, b.n/goroutines)
	}
	s.all.Wait()
	b.stop()
}

func mutex(b *bench) {
	var s shared
	share(b, &s, addLocked, 1)
	expect("counter", s.counter, b.n)
}

func mutexContended(b *bench) {
	var s shared
	share(b, &s, addLocked, goroutines)
	expect("counter", s.counter, b.n)
}

func rwmutex(b *bench) {
	s := shared{counter: 1}
	share(b, &s, readLocked, goroutines)
}

func atomics(b *bench) {
	var s shared
	share(b, &s, addAtomic, goroutines)
	expect("counter", s.counter, b.n)
}
