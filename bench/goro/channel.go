// Rows about channels. Values are 1 to n, and their sum is checked. See channel.c.
package main

import (
	"sync"
	"sync/atomic"
)

const (
	room  = 128
	sides = 4
)

func sumTo(n int64) int64 { return n * (n + 1) / 2 }

// Nobody waits: one goroutine sends and receives, an operation is either.
func channel(b *bench) {
	c := make(chan int64, room)
	sum := int64(0)
	b.start()
	for i := int64(1); i <= b.n/2; i++ {
		c <- i
		sum += <-c
	}
	b.stop()
	expect("sum", sum, sumTo(b.n/2))
}

func pong(ping, back chan int64) {
	for value := range ping {
		back <- value + 1
	}
	close(back)
}

// There and back.
func pingpong(b *bench) {
	there, back := make(chan int64), make(chan int64)
	value := int64(0)
	go pong(there, back)
	b.start()
	for i := int64(0); i < b.n; i++ {
		there <- value
		value = <-back
	}
	b.stop()
	close(there)
	if _, ok := <-back; ok {
		expect("values after the last", 1, 0)
	}
	expect("round trips", value, b.n)
}

func produce(c chan int64, first, last, step int64, all *sync.WaitGroup) {
	for i := first; i <= last; i += step {
		c <- i
	}
	all.Done()
}

func consume(c chan int64, sum *int64, all *sync.WaitGroup) {
	mine := int64(0)
	for value := range c {
		mine += value
	}
	atomic.AddInt64(sum, mine)
	all.Done()
}

func produceAndConsume(b *bench, sides int64) {
	c := make(chan int64, room)
	var producers, consumers sync.WaitGroup
	sum := int64(0)
	b.start()
	producers.Add(int(sides))
	consumers.Add(int(sides))
	for i := int64(0); i < sides; i++ {
		go produce(c, i+1, b.n, sides, &producers)
		go consume(c, &sum, &consumers)
	}
	producers.Wait()
	close(c)
	consumers.Wait()
	b.stop()
	expect("sum", sum, sumTo(b.n))
}

func buffered(b *bench) { produceAndConsume(b, 1) }
func mpmc(b *bench)     { produceAndConsume(b, sides) }

// Each producer has an unbuffered channel of its own; one goroutine selects among them.
func select2(b *bench) {
	var c [2]chan int64
	var all sync.WaitGroup
	sum := int64(0)
	all.Add(len(c))
	for i := range c {
		c[i] = make(chan int64)
	}
	b.start()
	for i := range c {
		go produce(c[i], int64(i)+1, b.n, int64(len(c)), &all)
	}
	for i := int64(0); i < b.n; i++ {
		select {
		case v := <-c[0]:
			sum += v
		case v := <-c[1]:
			sum += v
		}
	}
	b.stop()
	all.Wait()
	expect("sum", sum, sumTo(b.n))
}

func select8(b *bench) {
	var c [8]chan int64
	var all sync.WaitGroup
	sum := int64(0)
	all.Add(len(c))
	for i := range c {
		c[i] = make(chan int64)
	}
	b.start()
	for i := range c {
		go produce(c[i], int64(i)+1, b.n, int64(len(c)), &all)
	}
	for i := int64(0); i < b.n; i++ {
		select {
		case v := <-c[0]:
			sum += v
		case v := <-c[1]:
			sum += v
		case v := <-c[2]:
			sum += v
		case v := <-c[3]:
			sum += v
		case v := <-c[4]:
			sum += v
		case v := <-c[5]:
			sum += v
		case v := <-c[6]:
			sum += v
		case v := <-c[7]:
			sum += v
		}
	}
	b.stop()
	all.Wait()
	expect("sum", sum, sumTo(b.n))
}

func generate(out chan int64, stop *int64, all *sync.WaitGroup) {
	for i := int64(2); atomic.LoadInt64(stop) == 0; i++ {
		out <- i
	}
	close(out)
	all.Done()
}

func sift(in, out chan int64, prime int64, all *sync.WaitGroup) {
	for i := range in {
		if i%prime != 0 {
			out <- i
		}
	}
	close(out)
	all.Done()
}

func nthPrime(n int64) int64 {
	candidate := int64(1)
	for n > 0 {
		candidate++
		divisor := int64(2)
		for divisor*divisor <= candidate && candidate%divisor != 0 {
			divisor++
		}
		if divisor*divisor > candidate {
			n--
		}
	}
	return candidate
}

// The chain of filters; an operation is a prime. Stopping them is outside of the time.
func sieve(b *bench) {
	var all sync.WaitGroup
	var stop, prime int64
	c := make([]chan int64, b.n+1)
	c[0] = make(chan int64)
	b.start()
	all.Add(int(b.n) + 1)
	go generate(c[0], &stop, &all)
	for i := int64(0); i < b.n; i++ {
		prime = <-c[i]
		c[i+1] = make(chan int64)
		go sift(c[i], c[i+1], prime, &all)
	}
	b.stop()
	atomic.StoreInt64(&stop, 1)
	for more := range c[b.n] {
		if more <= prime {
			expect("numbers up to the last prime that came later", 1, 0)
		}
	}
	all.Wait()
	expect("the last prime", prime, nthPrime(b.n))
}
