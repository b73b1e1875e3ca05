// Rows about timers. Durations come from the same generator in both languages. See timers.c.
package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// A number below bound, from i: the multiplier is Knuth's for hashing.
func spread(i int64, bound time.Duration) time.Duration {
	return time.Duration(uint64(i) * 2654435761 % uint64(bound))
}

func sleeper(d time.Duration, early *int64, all *sync.WaitGroup) {
	start := time.Now()
	time.Sleep(d)
	if time.Since(start) < d {
		atomic.AddInt64(early, 1)
	}
	all.Done()
}

// n goroutines that sleep up to a millisecond each, all at once: the time is for start, sleep and end of each.
func sleepers(b *bench) {
	var all sync.WaitGroup
	var early int64
	b.start()
	all.Add(int(b.n))
	for i := int64(0); i < b.n; i++ {
		go sleeper(spread(i, time.Millisecond), &early, &all)
	}
	all.Wait()
	b.stop()
	expect("goroutines that woke early", early, 0)
}

func never() { expect("timers that fired", 1, 0) }

// n timers that are due in an hour or two, made and then stopped in another order: pending ones in masses.
func timers(b *bench) {
	pending := make([]*time.Timer, b.n)
	var stopped int64
	b.start()
	for i := range pending {
		pending[i] = time.AfterFunc(time.Hour+spread(int64(i), time.Hour), never)
	}
	for i := range pending {
		if pending[int64(i)*7919%b.n].Stop() {
			stopped++
		}
	}
	b.stop()
	expect("timers stopped while pending", stopped, b.n)
}
