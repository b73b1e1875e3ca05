/* Descriptors and blocking calls. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak.h"

/* ---- echo over a socket pair ---- */

static void echo(int fd, goro_waitgroup *done)
{
    char buffer[512];
    ssize_t n;
    while ((n = goro_read(fd, buffer, sizeof buffer, GORO_FOREVER)) > 0)
        EXPECT(goro_write_full(fd, buffer, (size_t)n, GORO_FOREVER), n);
    EXPECT(n, 0);
    goro_close(fd);
    goro_waitgroup_done(done);
}

static void ask(int fd, uint64_t seed, goro_waitgroup *done)
{
    struct rng r = {seed};
    for (uint32_t i = 1 + draw(&r, 40); i > 0; i--) {
        char out[512], in[512];
        size_t size = 1 + draw(&r, sizeof out);
        memset(out, (int)i, size);
        EXPECT(goro_write_full(fd, out, size, GORO_FOREVER), size);
        EXPECT(goro_read_full(fd, in, size, GORO_FOREVER), size);
        EXPECT(memcmp(in, out, size), 0);
    }
    goro_close(fd);
    goro_waitgroup_done(done);
}

static void sockets(struct rng *r)
{
    goro_waitgroup done = {0};
    int n = 1 + (int)draw(r, 8);
    goro_waitgroup_add(&done, 2 * n);
    for (int i = 0; i < n; i++) {
        int fds[2];
        EXPECT(goro_socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        goro_go(echo, fds[0], &done);
        goro_go(ask, fds[1], (uint64_t)draw(r, UINT32_MAX), &done);
    }
    goro_waitgroup_wait(&done);
}

/* ---- a deadline and the end of the other side end waits ---- */

static void wait_end(int fd, goro_waitgroup *done)
{
    char byte;
    EXPECT(goro_read(fd, &byte, 1, GORO_FOREVER), 0);
    goro_waitgroup_done(done);
}

static void ends(struct rng *r)
{
    goro_waitgroup done = {0};
    int fds[2];
    char byte;
    EXPECT(goro_pipe(fds), 0);
    EXPECT(goro_read(fds[0], &byte, 1, goro_now() + draw(r, 300) * GORO_MICROSECOND), -ETIMEDOUT);
    goro_waitgroup_add(&done, 1);
    goro_go(wait_end, fds[0], &done);
    for (uint32_t i = draw(r, 3); i > 0; i--)
        goro_yield();
    goro_close(fds[1]);
    goro_waitgroup_wait(&done);
    goro_close(fds[0]);
}

/* ---- blocking calls ---- */

struct plain {
    int fds[2];
    goro_waitgroup done;
};

static long read_one(void *arg)
{
    struct plain *p = arg;
    char byte;
    return read(p->fds[0], &byte, 1);
}

static void block(struct plain *p)
{
    EXPECT(goro_blocking(read_one, p), 1);
    goro_waitgroup_done(&p->done);
}

static void blocking(struct rng *r)
{
    struct plain p = {.done = {0}};
    int n = 1 + (int)draw(r, 6);
    EXPECT(pipe(p.fds), 0);
    goro_waitgroup_add(&p.done, n);
    for (int i = 0; i < n; i++)
        goro_go(block, &p);
    for (int i = 0; i < n; i++) {
        if (draw(r, 2))
            goro_yield();
        EXPECT(write(p.fds[1], "x", 1), 1);
    }
    goro_waitgroup_wait(&p.done);
    close(p.fds[0]);
    close(p.fds[1]);
}

const struct part io_parts[] = {{"sockets", sockets}, {"ends", ends}, {"blocking", blocking}, {NULL, NULL}};
