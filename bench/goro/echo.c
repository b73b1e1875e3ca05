/* The row about TCP: 100 connections over the loopback, a server goroutine and a client goroutine for each, all in this process;
 * an operation is one request of 64 bytes and its echo. Buffers are larger than what they are to take, as servers' are. */
#include "bench.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 100, REQUEST = 64, BUFFER = 4096 };

struct client {
    int64_t requests;
    int64_t bytes; /* echoed */
    struct goro_waitgroup *done;
};

static int must(int64_t result, const char *what)
{
    if (result < 0)
        bench_expect(what, result, 0);
    return (int)result;
}

static void serve(int fd)
{
    char buffer[BUFFER];
    ssize_t n;
    while ((n = goro_read(fd, buffer, sizeof buffer, GORO_FOREVER)) > 0)
        must(goro_write_full(fd, buffer, (size_t)n, GORO_FOREVER), "write of the server");
    goro_close(fd);
}

static void serve_all(int listener)
{
    int fd;
    while ((fd = goro_accept(listener, NULL, NULL, GORO_FOREVER)) >= 0)
        bench_go(serve, fd);
}

static void ask(int fd, struct client *client)
{
    char request[REQUEST], answer[BUFFER];
    memset(request, 'x', sizeof request);
    for (int64_t i = 0; i < client->requests; i++) {
        must(goro_write_full(fd, request, sizeof request, GORO_FOREVER), "write of a client");
        for (int have = 0; have < REQUEST;) {
            int n = must(goro_read(fd, answer, sizeof answer, GORO_FOREVER), "read of a client");
            bench_expect("end of a connection", n == 0, 0);
            have += n;
            client->bytes += n;
        }
    }
    goro_waitgroup_done(client->done);
}

void row_echo(struct bench *b)
{
    static struct client clients[CONNECTIONS];
    struct goro_waitgroup done = {0};
    int fds[CONNECTIONS];
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char port[8];
    int listener = must(goro_tcp_listen("127.0.0.1", "0", CONNECTIONS), "goro_tcp_listen");
    must(getsockname(listener, (struct sockaddr *)&address, &size), "getsockname");
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    bench_go(serve_all, listener);
    for (int i = 0; i < CONNECTIONS; i++)
        fds[i] = must(goro_tcp_dial("127.0.0.1", port, GORO_FOREVER), "goro_tcp_dial");
    goro_waitgroup_add(&done, CONNECTIONS);
    bench_start(b);
    for (int i = 0; i < CONNECTIONS; i++) {
        clients[i] = (struct client){.requests = b->n / CONNECTIONS, .done = &done};
        bench_go(ask, fds[i], &clients[i]);
    }
    goro_waitgroup_wait(&done);
    bench_stop(b);
    int64_t bytes = 0;
    for (int i = 0; i < CONNECTIONS; i++) {
        bytes += clients[i].bytes;
        goro_close(fds[i]);
    }
    goro_close(listener);
    bench_expect("bytes echoed", bytes, b->n / CONNECTIONS * CONNECTIONS * REQUEST);
}
