/* Reading, writing, accepting and connecting: the calls of io.h for descriptors that the poller waits for.
 *
 * All are one loop (polled): the system call first, and when it would block, the wait for the descriptor's next edge (fd.c).
 * What the poller does not take goes to file.c. */
#include "io.h"

#include <errno.h>
#include <sys/poll.h>

#include "det.h"
#include "fd.h"
#include "rt.h"

/* What means "not yet" for this operation. */
static bool would_block(const struct rt_io *io, ssize_t n)
{
    if (n == -EAGAIN)
        return io->op != RT_IO_CONNECT;
    if (io->op == RT_IO_CONNECT)
        return n == -EINPROGRESS || n == -EALREADY;
    return io->op == RT_IO_ACCEPT && n == -ECONNABORTED;
}

/* A short plain read of TCP has left nothing behind: fd.c. */
static bool drains(const struct rt_io *io, const struct rt_fd *d, ssize_t n)
{
    return io->op == RT_IO_READ && n > 0 && (size_t)n < io->size && d->kind == RT_FD_TCP;
}

static ssize_t done(struct rt_fd *d, enum rt_fd_side side, bool waited, ssize_t n)
{
    if (n == -EBADF)
        rt_fd_lost(d);
    else
        rt_fd_pass_on(d, side);
    return n == -EISCONN && waited ? 0 : n;
}

static ssize_t polled(const struct rt_io *io, struct rt_fd *d, enum rt_fd_side side, int64_t deadline)
{
    bool waited = false;
    for (;;) {
        uint32_t edges = rt_fd_edges(d, side);
        bool ask = io->op != RT_IO_READ || !rt_fd_is_drained(d, side, edges);
        if (ask) {
            ssize_t n = rt_libc_io(io, d->kind);
            if (!would_block(io, n)) {
                if (drains(io, d, n))
                    rt_fd_drained(d, side, edges);
                return done(d, side, waited, n);
            }
            if (n == -ECONNABORTED)
                continue;
        }
        int error = rt_fd_wait(io->fd, d, side, edges, deadline);
        if (error == -ETIMEDOUT && !ask) {
            /* Not without having asked: the edge may not have been reported yet. The next round does. */
            __atomic_store_n(&d->side[side].drained, 0, __ATOMIC_RELAXED);
            continue;
        }
        if (error)
            return error;
        waited = true;
    }
}

ssize_t rt_io(const struct rt_io *io, enum rt_fd_side side, int64_t deadline)
{
    int error;
    if (RT_STEERED)
        rt_det_point(0, RT_OP_IO, NULL);
    struct rt_fd *d = rt_fd_get(io->fd, &error);
    if (!d)
        return error;
    ssize_t n = d->kind == RT_FD_FILE ? rt_file_io(io, d, side, deadline) : polled(io, d, side, deadline);
    rt_fd_put(io->fd, d);
    return n;
}

ssize_t goro_read(int fd, void *buffer, size_t size, int64_t deadline)
{
    rt_goroutine("goro_read");
    struct rt_io io = {.op = RT_IO_READ, .fd = fd, .data = buffer, .size = size};
    return rt_io(&io, RT_FD_READ, deadline);
}

ssize_t goro_write(int fd, const void *buffer, size_t size, int64_t deadline)
{
    rt_goroutine("goro_write");
    struct rt_io io = {.op = RT_IO_WRITE, .fd = fd, .data = (void *)buffer, .size = size};
    return rt_io(&io, RT_FD_WRITE, deadline);
}

ssize_t goro_readv(int fd, const struct iovec *parts, int count, int64_t deadline)
{
    rt_goroutine("goro_readv");
    struct rt_io io = {.op = RT_IO_READV, .fd = fd, .data = (void *)parts, .size = (size_t)count};
    return rt_io(&io, RT_FD_READ, deadline);
}

ssize_t goro_writev(int fd, const struct iovec *parts, int count, int64_t deadline)
{
    rt_goroutine("goro_writev");
    struct rt_io io = {.op = RT_IO_WRITEV, .fd = fd, .data = (void *)parts, .size = (size_t)count};
    return rt_io(&io, RT_FD_WRITE, deadline);
}

ssize_t goro_read_full(int fd, void *buffer, size_t size, int64_t deadline)
{
    size_t have = 0;
    while (have < size) {
        ssize_t n = goro_read(fd, (char *)buffer + have, size - have, deadline);
        if (n < 0)
            return n;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

ssize_t goro_write_full(int fd, const void *buffer, size_t size, int64_t deadline)
{
    size_t written = 0;
    while (written < size) {
        ssize_t n = goro_write(fd, (const char *)buffer + written, size - written, deadline);
        if (n < 0)
            return n;
        written += (size_t)n;
    }
    return (ssize_t)written;
}

ssize_t goro_recv(int fd, void *buffer, size_t size, int flags, int64_t deadline)
{
    return goro_recvfrom(fd, buffer, size, flags, NULL, NULL, deadline);
}

ssize_t goro_send(int fd, const void *buffer, size_t size, int flags, int64_t deadline)
{
    return goro_sendto(fd, buffer, size, flags, NULL, 0, deadline);
}

ssize_t goro_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length,
                      int64_t deadline)
{
    rt_goroutine("goro_recvfrom");
    struct rt_io io = {
        .op = RT_IO_RECV, .fd = fd, .data = buffer, .size = size, .flags = flags, .address = from, .length = length};
    return rt_io(&io, RT_FD_READ, deadline);
}

ssize_t goro_sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t length,
                    int64_t deadline)
{
    rt_goroutine("goro_sendto");
    struct rt_io io = {.op = RT_IO_SEND,
                       .fd = fd,
                       .data = (void *)buffer,
                       .size = size,
                       .flags = flags,
                       .address = (struct sockaddr *)to,
                       .address_size = length};
    return rt_io(&io, RT_FD_WRITE, deadline);
}

ssize_t goro_recvmsg(int fd, struct msghdr *message, int flags, int64_t deadline)
{
    rt_goroutine("goro_recvmsg");
    struct rt_io io = {.op = RT_IO_RECVMSG, .fd = fd, .data = message, .flags = flags};
    return rt_io(&io, RT_FD_READ, deadline);
}

ssize_t goro_sendmsg(int fd, const struct msghdr *message, int flags, int64_t deadline)
{
    rt_goroutine("goro_sendmsg");
    struct rt_io io = {.op = RT_IO_SENDMSG, .fd = fd, .data = (void *)message, .flags = flags};
    return rt_io(&io, RT_FD_WRITE, deadline);
}

int goro_accept(int fd, struct sockaddr *peer, socklen_t *length, int64_t deadline)
{
    rt_goroutine("goro_accept");
    struct rt_io io = {.op = RT_IO_ACCEPT, .fd = fd, .address = peer, .length = length};
    int error;
    struct rt_fd *d = rt_fd_get(fd, &error);
    if (!d)
        return error;
    enum rt_fd_kind kind = d->kind;
    /* Not a socket: the kernel says so better than we do. */
    int got = kind == RT_FD_FILE ? -ENOTSOCK : (int)polled(&io, d, RT_FD_READ, deadline);
    rt_fd_put(fd, d);
    return got < 0 ? got : rt_fd_adopt(got, kind);
}

int goro_connect(int fd, const struct sockaddr *peer, socklen_t length, int64_t deadline)
{
    rt_goroutine("goro_connect");
    struct rt_io io = {.op = RT_IO_CONNECT, .fd = fd, .address = (struct sockaddr *)peer, .address_size = length};
    int error;
    /* A unix socket whose listener's queue is full: no event will tell when there is room. */
    for (int64_t pause = 100 * GORO_MICROSECOND;; pause = pause < 10 * GORO_MILLISECOND ? 2 * pause : pause) {
        error = (int)rt_io(&io, RT_FD_WRITE, deadline);
        if (error != -EAGAIN)
            return error;
        int64_t left = deadline - goro_now();
        if (left <= 0)
            return -ETIMEDOUT;
        goro_sleep(pause < left ? pause : left);
    }
}

int goro_wait_fd(int fd, short events, int64_t deadline)
{
    rt_goroutine("goro_wait_fd");
    int error;
    if (events != POLLIN && events != POLLOUT)
        return -EINVAL;
    enum rt_fd_side side = events == POLLIN ? RT_FD_READ : RT_FD_WRITE;
    struct rt_fd *d = rt_fd_get(fd, &error);
    if (!d)
        return error;
    error = 0;
    while (error == 0) {
        uint32_t edges = rt_fd_edges(d, side);
        int now = d->kind == RT_FD_FILE ? rt_file_wait(fd, events, deadline) : rt_libc_poll(fd, events, 0);
        if (now != 0) {
            error = now < 0 ? now : 0;
            break;
        }
        error = rt_fd_wait(fd, d, side, edges, deadline);
    }
    done(d, side, false, error);
    rt_fd_put(fd, d);
    return error;
}

int goro_set_deadline(int fd, short events, int64_t deadline)
{
    int error;
    if (!events || events & ~(POLLIN | POLLOUT))
        return -EINVAL;
    struct rt_fd *d = rt_fd_get(fd, &error);
    if (!d)
        return error;
    if (events & POLLIN)
        rt_fd_set_deadline(d, RT_FD_READ, deadline);
    if (events & POLLOUT)
        rt_fd_set_deadline(d, RT_FD_WRITE, deadline);
    rt_fd_put(fd, d);
    return 0;
}

int goro_socket(int domain, int type, int protocol)
{
    int fd = rt_libc_socket(domain, type, protocol);
    return fd < 0 ? fd : rt_fd_adopt(fd, RT_FD_NEW);
}

static int adopt_pair(int fds[2], enum rt_fd_kind kind)
{
    int first = rt_fd_adopt(fds[0], kind), second = rt_fd_adopt(fds[1], kind);
    if (first >= 0 && second >= 0) {
        rt_fd_both_inside(first);
        rt_fd_both_inside(second);
        return 0;
    }
    rt_libc_close(first >= 0 ? first : second);
    return first < 0 ? first : second;
}

int goro_socketpair(int domain, int type, int protocol, int fds[2])
{
    int error = rt_libc_socketpair(domain, type, protocol, fds);
    return error ? error : adopt_pair(fds, RT_FD_SOCKET);
}

int goro_pipe(int fds[2])
{
    int error = rt_libc_pipe(fds);
    return error ? error : adopt_pair(fds, RT_FD_OTHER);
}

int goro_shutdown(int fd, int how)
{
    return rt_libc_shutdown(fd, how);
}

int goro_close(int fd)
{
    rt_goroutine("goro_close");
    return rt_fd_close(fd);
}
