/* Files: calls that block the thread, made through the hand-off, so that the P runs other goroutines meanwhile.
 *
 * A read is first tried without waiting (RWF_NOWAIT): what the page cache has costs no hand-off. A short count is not
 * believed then, since programs take it for the end of the file: the rest is read through the hand-off.
 *
 * Deadlines: poll(2) before the call, which is right for what can be polled (a terminal) and never waits for regular files.
 * A call that has begun is not interrupted, nor by goro_close. */
#include <errno.h>
#include <sys/poll.h>

#include "io.h"
#include "rt.h"

static ssize_t blocking_io(const struct rt_io *io, int kind)
{
    goro_blocking_begin();
    ssize_t n = rt_libc_io(io, kind);
    goro_blocking_end();
    return n;
}

int rt_file_wait(int fd, short events, int64_t deadline)
{
    int now = rt_libc_poll(fd, events, 0);
    if (now != 0)
        return now;
    if (deadline <= goro_now())
        return -ETIMEDOUT;
    goro_blocking_begin();
    now = rt_libc_poll(fd, events, deadline);
    goro_blocking_end();
    return now == 0 ? -ETIMEDOUT : now;
}

/* pread or read: what is cached at once, the rest through the hand-off. */
static ssize_t read_file(const struct rt_io *io)
{
    off_t offset = io->op == RT_IO_PREAD ? io->offset : -1;
    ssize_t n = rt_libc_read_cached(io->fd, io->data, io->size, offset);
    if (n == 0 || n == (ssize_t)io->size)
        return n;
    size_t have = n > 0 ? (size_t)n : 0;
    struct rt_io rest = *io;
    rest.data = (char *)io->data + have;
    rest.size -= have;
    rest.offset += (off_t)have;
    n = blocking_io(&rest, RT_FD_FILE);
    return n < 0 && have == 0 ? n : (ssize_t)have + (n > 0 ? n : 0);
}

ssize_t rt_file_io(const struct rt_io *io, struct rt_fd *d, enum rt_fd_side side, int64_t deadline)
{
    int64_t set = __atomic_load_n(&d->side[side].deadline, __ATOMIC_RELAXED);
    deadline = set != 0 && set < deadline ? set : deadline;
    if (deadline != GORO_FOREVER) {
        int error = rt_file_wait(io->fd, side == RT_FD_READ ? POLLIN : POLLOUT, deadline);
        if (error < 0)
            return error;
    }
    return io->op == RT_IO_READ ? read_file(io) : blocking_io(io, RT_FD_FILE);
}

/* A call that does not depend on what fd is. */
static ssize_t plain(const struct rt_io *io)
{
    int error;
    struct rt_fd *d = rt_fd_ref(io->fd, &error);
    if (!d)
        return error;
    ssize_t n = io->op == RT_IO_PREAD ? read_file(io) : blocking_io(io, RT_FD_FILE);
    rt_fd_put(io->fd, d);
    return n;
}

ssize_t goro_pread(int fd, void *buffer, size_t size, off_t offset)
{
    rt_goroutine("goro_pread");
    if (offset < 0)
        return -EINVAL;
    struct rt_io io = {.op = RT_IO_PREAD, .fd = fd, .data = buffer, .size = size, .offset = offset};
    return plain(&io);
}

ssize_t goro_pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
    rt_goroutine("goro_pwrite");
    struct rt_io io = {.op = RT_IO_PWRITE, .fd = fd, .data = (void *)buffer, .size = size, .offset = offset};
    return plain(&io);
}

int goro_fsync(int fd)
{
    rt_goroutine("goro_fsync");
    struct rt_io io = {.op = RT_IO_FSYNC, .fd = fd};
    return (int)plain(&io);
}

int goro_fstat(int fd, struct stat *status)
{
    rt_goroutine("goro_fstat");
    struct rt_io io = {.op = RT_IO_FSTAT, .fd = fd, .data = status};
    return (int)plain(&io);
}

int goro_stat(const char *path, struct stat *status)
{
    rt_goroutine("goro_stat");
    goro_blocking_begin();
    int error = rt_libc_stat(path, status);
    goro_blocking_end();
    return error;
}

int goro_open(const char *path, int flags, mode_t mode)
{
    rt_goroutine("goro_open");
    goro_blocking_begin();
    int fd = rt_libc_open(path, flags, mode);
    goro_blocking_end();
    return fd < 0 ? fd : rt_fd_adopt(fd, RT_FD_NEW);
}
