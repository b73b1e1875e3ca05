/* Calls of libc that goroutines make.
 *
 * Through libc, not as system calls: a detector that is preloaded sees what is read and written, by whom. Each is a function
 * of its own and never inlined, since compilers keep the address of errno over a call that may change threads: here nothing
 * changes threads between the call and the look at errno. errno is given back as it was: the API does not set it.
 *
 * SIGPIPE: sockets have MSG_NOSIGNAL, pipes RWF_NOSIGNAL since Linux 6.18; before, the signal is blocked and taken back. The
 * process's own handling of it is left alone: children would inherit it. */
#include "libc.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fd.h"
#include "rt.h"

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif
#define NOINLINE __attribute__((noinline))

/* The result of a call that was made after `int saved = errno`. */
#define RESULT(call) \
    __extension__({ \
        int saved = errno; \
        __auto_type result = (call); \
        if (result < 0) { \
            result = -errno; \
            errno = saved; \
        } \
        result; \
    })

static ssize_t write_signal_blocked(int fd, const struct iovec *parts, int count)
{
    sigset_t pipe, pending, before;
    struct timespec zero = {0, 0};
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    ssize_t n = writev(fd, parts, count);
    int error = errno;
    if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe, NULL, &zero) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return n;
}

static ssize_t write_quietly(int fd, const struct iovec *parts, int count)
{
    static bool unknown; /* an older kernel; atomic */
    if (!__atomic_load_n(&unknown, __ATOMIC_RELAXED)) {
        ssize_t n = pwritev2(fd, parts, count, -1, RWF_NOSIGNAL);
        if (n >= 0 || errno != EOPNOTSUPP)
            return n;
        __atomic_store_n(&unknown, true, __ATOMIC_RELAXED);
    }
    /* No preemption: the signal mask is the thread's. */
    rt_enter();
    ssize_t n = write_signal_blocked(fd, parts, count);
    rt_leave();
    return n;
}

static ssize_t write_parts(const struct rt_io *io, int kind)
{
    struct iovec one = {io->data, io->size};
    const struct iovec *parts = io->op == RT_IO_WRITEV ? io->data : &one;
    size_t count = io->op == RT_IO_WRITEV ? io->size : 1;
    if (kind == RT_FD_FILE)
        return writev(io->fd, parts, (int)count);
    if (kind == RT_FD_OTHER)
        return write_quietly(io->fd, parts, (int)count);
    if (count == 1)
        return send(io->fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
    return sendmsg(io->fd, &message, MSG_NOSIGNAL);
}

static ssize_t call(const struct rt_io *io, int kind)
{
    switch (io->op) {
    case RT_IO_READ:
        return kind >= RT_FD_SOCKET ? recv(io->fd, io->data, io->size, 0) : read(io->fd, io->data, io->size);
    case RT_IO_READV:
        return readv(io->fd, io->data, (int)io->size);
    case RT_IO_WRITE:
    case RT_IO_WRITEV:
        return write_parts(io, kind);
    case RT_IO_RECV:
        return recvfrom(io->fd, io->data, io->size, io->flags, io->address, io->length);
    case RT_IO_SEND:
        return sendto(io->fd, io->data, io->size, io->flags | MSG_NOSIGNAL, io->address, io->address_size);
    case RT_IO_RECVMSG:
        return recvmsg(io->fd, io->data, io->flags);
    case RT_IO_SENDMSG:
        return sendmsg(io->fd, io->data, io->flags | MSG_NOSIGNAL);
    case RT_IO_ACCEPT:
        return accept4(io->fd, io->address, io->length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    case RT_IO_CONNECT:
        return connect(io->fd, io->address, io->address_size);
    case RT_IO_PREAD:
        return pread(io->fd, io->data, io->size, io->offset);
    case RT_IO_PWRITE:
        return pwrite(io->fd, io->data, io->size, io->offset);
    case RT_IO_FSYNC:
        return fsync(io->fd);
    case RT_IO_FSTAT:
        return fstat(io->fd, io->data);
    }
    __builtin_unreachable();
}

NOINLINE ssize_t rt_libc_io(const struct rt_io *io, int kind)
{
    for (;;) {
        ssize_t n = RESULT(call(io, kind));
        if (n != -EINTR)
            return n;
    }
}

NOINLINE ssize_t rt_libc_read_cached(int fd, void *data, size_t size, off_t offset)
{
    struct iovec part = {data, size};
    return RESULT(preadv2(fd, &part, 1, offset, RWF_NOWAIT));
}

static int socket_option(int fd, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/* By the protocol: SCTP is a "stream", too, but of messages. */
static int socket_kind(int fd)
{
    return socket_option(fd, SO_PROTOCOL) == IPPROTO_TCP ? RT_FD_TCP : RT_FD_SOCKET;
}

static int kind_of(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -1;
    if (S_ISSOCK(status.st_mode))
        return socket_kind(fd);
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode))
        return RT_FD_FILE;
    /* Other processes share the standard streams and would suffer from O_NONBLOCK. */
    if (fd <= STDERR_FILENO && !(fcntl(fd, F_GETFL) & O_NONBLOCK))
        return RT_FD_FILE;
    return RT_FD_OTHER;
}

NOINLINE int rt_libc_kind(int fd)
{
    return RESULT(kind_of(fd));
}

NOINLINE int rt_libc_nonblocking(int fd)
{
    int flags = RESULT(fcntl(fd, F_GETFL));
    if (flags < 0 || flags & O_NONBLOCK)
        return flags < 0 ? flags : 0;
    return RESULT(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

NOINLINE int rt_libc_close(int fd)
{
    /* EINTR: Linux has closed it, and trying again would close somebody else's. */
    int error = RESULT(close(fd));
    return error == -EINTR ? 0 : error;
}

NOINLINE int rt_libc_poll(int fd, short events, int64_t deadline)
{
    struct pollfd one = {.fd = fd, .events = events};
    for (;;) {
        int64_t left = deadline == GORO_FOREVER ? 0 : deadline - goro_now();
        left = left < 0 ? 0 : left;
        struct timespec time = {left / GORO_SECOND, left % GORO_SECOND};
        int n = RESULT(ppoll(&one, 1, deadline == GORO_FOREVER ? NULL : &time, NULL));
        if (n != -EINTR)
            return n <= 0 ? n : one.revents & POLLNVAL ? -EBADF : one.revents;
    }
}

NOINLINE int rt_libc_open(const char *path, int flags, mode_t mode)
{
    for (;;) {
        int fd = RESULT(open(path, flags | O_CLOEXEC, mode));
        if (fd != -EINTR)
            return fd;
    }
}

NOINLINE int rt_libc_stat(const char *path, struct stat *status)
{
    return RESULT(stat(path, status));
}

NOINLINE int rt_libc_socket(int domain, int type, int protocol)
{
    return RESULT(socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

NOINLINE int rt_libc_socketpair(int domain, int type, int protocol, int fds[2])
{
    return RESULT(socketpair(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol, fds));
}

NOINLINE int rt_libc_pipe(int fds[2])
{
    return RESULT(pipe2(fds, O_NONBLOCK | O_CLOEXEC));
}

NOINLINE int rt_libc_shutdown(int fd, int how)
{
    return RESULT(shutdown(fd, how));
}

NOINLINE int rt_libc_option(int fd, int level, int option, int value)
{
    return RESULT(setsockopt(fd, level, option, &value, sizeof value));
}

NOINLINE int rt_libc_bind_listen(int fd, const struct sockaddr *address, socklen_t size, int backlog)
{
    int error = RESULT(bind(fd, address, size));
    return error ? error : RESULT(listen(fd, backlog));
}
