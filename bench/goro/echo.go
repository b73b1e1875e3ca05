package main

import (
	"net"
	"sync"
)

const (
	connections = 100
	requestSize = 64
	bufferSize  = 4096
)

func must(what string, err error) {
	if err != nil {
		expect(what+": "+err.Error(), -1, 0)
	}
}

func serve(c net.Conn) {
	buffer := make([]byte, bufferSize)
	for {
		n, err := c.Read(buffer)
		if n == 0 || err != nil {
			break
		}
		_, err = c.Write(buffer[:n])
		must("write of the server", err)
	}
	c.Close()
}

func serveAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c)
	}
}

func ask(c net.Conn, requests int64, bytes *int64, done *sync.WaitGroup) {
	request, answer := make([]byte, requestSize), make([]byte, bufferSize)
	for i := range request {
		request[i] = 'x'
	}
	for i := int64(0); i < requests; i++ {
		_, err := c.Write(request)
		must("write of a client", err)
		for have := 0; have < requestSize; {
			n, err := c.Read(answer)
			must("read of a client", err)
			have += n
			*bytes += int64(n)
		}
	}
	done.Done()
}

func echo(b *bench) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must("listen", err)
	go serveAll(l)
	var conns [connections]net.Conn
	for i := range conns {
		conns[i], err = net.Dial("tcp", l.Addr().String())
		must("dial", err)
	}
	var done sync.WaitGroup
	var bytes [connections]int64
	done.Add(connections)
	b.start()
	for i := range conns {
		go ask(conns[i], b.n/connections, &bytes[i], &done)
	}
	done.Wait()
	b.stop()
	var sum int64
	for i := range conns {
		sum += bytes[i]
		conns[i].Close()
	}
	l.Close()
	expect("bytes echoed", sum, b.n/connections*connections*requestSize)
}
