/* What the tests of descriptors share. Nothing here sleeps: order comes from what the runtime says about who waits. */
#ifndef TESTS_RUNTIME_NET_H
#define TESTS_RUNTIME_NET_H

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "poll.h"
#include "run.h"

/* Goroutines that have finished; the main one waits until all have. */
static int finished;

static inline void finish(void)
{
    __atomic_add_fetch(&finished, 1, __ATOMIC_ACQ_REL);
}

static inline void wait_finished(int count)
{
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) < count)
        goro_yield();
    __atomic_sub_fetch(&finished, count, __ATOMIC_ACQ_REL);
}

/* Until `count` goroutines are parked, or about to, in the poller: whoever wakes them takes the lock that they park with. */
static inline void wait_parked(uint32_t count)
{
    while (rt_poll_waiters() < count)
        goro_yield();
}

static inline void read_one(int fd, int64_t deadline, ssize_t *result) /* the byte, or what goro_read returns */
{
    char byte = 0;
    ssize_t n = goro_read(fd, &byte, 1, deadline);
    *result = n == 1 ? byte : n;
    finish();
}

/* Returns when the poller has reported all that is ready now: the caller waits for what does not come, so that the last
 * processor without work looks. */
static inline void let_poller_look(void)
{
    int fds[2];
    char byte;
    CHECK_EQ(goro_pipe(fds), 0);
    CHECK_EQ(goro_read(fds[0], &byte, 1, goro_now() + GORO_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(goro_close(fds[0]), 0);
    CHECK_EQ(goro_close(fds[1]), 0);
}

static inline int open_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static inline int listen_local(struct sockaddr_in *address)
{
    int fd = goro_tcp_listen("127.0.0.1", "0", 1024);
    socklen_t size = sizeof *address;
    CHECK(fd >= 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)address, &size), 0);
    return fd;
}

static inline int dial_local(const struct sockaddr_in *address)
{
    int fd = goro_socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK_EQ(goro_connect(fd, (const struct sockaddr *)address, sizeof *address, GORO_FOREVER), 0);
    return fd;
}

/* Both ends of a TCP connection. */
static inline void connect_pair(int fds[2])
{
    struct sockaddr_in address;
    int listener = listen_local(&address);
    fds[0] = dial_local(&address);
    fds[1] = goro_accept(listener, NULL, NULL, GORO_FOREVER);
    CHECK(fds[1] >= 0);
    CHECK_EQ(goro_close(listener), 0);
}

static inline void close_pair(const int fds[2])
{
    CHECK_EQ(goro_close(fds[0]), 0);
    CHECK_EQ(goro_close(fds[1]), 0);
}

/* Bytes that depend on their place, so that a lost, doubled or moved one shows. */
static inline unsigned char byte_at(size_t place)
{
    return (unsigned char)(place * 31 + (place >> 8) * 7 + (place >> 16));
}

#endif
