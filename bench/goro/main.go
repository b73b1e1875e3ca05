// goroutines ROW N: runs one row in Go and prints `NANOSECONDS BYTES`, both for each of N operations. See bench.h.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

type bench struct {
	n       int64
	started time.Time
	elapsed time.Duration
	bytes   int64
}

func (b *bench) start() { b.started = time.Now() }
func (b *bench) stop()  { b.elapsed = time.Since(b.started) }

func expect(what string, got, want int64) {
	if got != want {
		fmt.Fprintf(os.Stderr, "goroutines: %s is %d, not %d\n", what, got, want)
		os.Exit(1)
	}
}

// Bytes of the process that are in memory now, with its page tables.
func resident() int64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer status.Close()
	var sum int64
	for lines := bufio.NewScanner(status); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if f[0] == "VmRSS:" || f[0] == "VmPTE:" {
			kilobytes, _ := strconv.ParseInt(f[1], 10, 64)
			sum += kilobytes * 1024
		}
	}
	return sum
}

var rows = map[string]struct {
	warm bool
	run  func(b *bench)
}{
	"spawn":           {true, spawn},
	"spawn_many":      {true, spawnMany},
	"yield":           {true, yield},
	"skynet":          {true, skynet},
	"parked":          {false, parked},
	"channel":         {true, channel},
	"pingpong":        {true, pingpong},
	"buffered":        {true, buffered},
	"mpmc":            {true, mpmc},
	"select2":         {true, select2},
	"select8":         {true, select8},
	"sieve":           {true, sieve},
	"mutex":           {true, mutex},
	"mutex_contended": {true, mutexContended},
	"rwmutex":         {true, rwmutex},
	"atomic":          {true, atomics},
	"sleepers":        {true, sleepers},
	"timers":          {true, timers},
	"echo":            {true, echo},
}

func main() {
	var n int64
	if len(os.Args) == 3 {
		n, _ = strconv.ParseInt(os.Args[2], 10, 64)
	}
	if n < 10 {
		fmt.Fprintf(os.Stderr, "usage: %s ROW N; N at least 10\n", os.Args[0])
		os.Exit(2)
	}
	row, ok := rows[os.Args[1]]
	if !ok {
		fmt.Fprintf(os.Stderr, "goroutines: no row %s\n", os.Args[1])
		os.Exit(2)
	}
	if row.warm {
		row.run(&bench{n: n / 10})
	}
	b := bench{n: n}
	row.run(&b)
	fmt.Printf("%.2f %d\n", float64(b.elapsed.Nanoseconds())/float64(n), b.bytes)
}
