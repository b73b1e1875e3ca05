/* Reads and writes of vectors, and bytes that go from one descriptor to another without passing through memory. */
#include "fd_edges.h"
#include "touch.h"

void read_vector(struct actor *me, const struct iovec *v, int count, size_t n, uintptr_t pc)
{
    if (!detector_memory || count <= 0 || !addressable(v))
        return;
    mem_read(me, v, (size_t)count * sizeof *v, pc);
    for (int i = 0; i < count && n; i++) {
        size_t part = v[i].iov_len < n ? v[i].iov_len : n;
        read_if(me, v[i].iov_base, part, pc);
        n -= part;
    }
}

void write_vector(struct actor *me, const struct iovec *v, int count, size_t n, uintptr_t pc)
{
    if (!detector_memory || count <= 0 || !addressable(v))
        return;
    mem_read(me, v, (size_t)count * sizeof *v, pc);
    for (int i = 0; i < count && n; i++) {
        size_t part = v[i].iov_len < n ? v[i].iov_len : n;
        write_if(me, v[i].iov_base, part, pc);
        n -= part;
    }
}

static ssize_t got(struct actor *me, int fd, const struct iovec *v, int count, ssize_t n, uintptr_t pc)
{
    if (me && n >= 0) {
        fd_acquire(me, fd);
        write_vector(me, v, count, (size_t)n, pc);
    }
    return n;
}

static void giving(struct actor *me, int fd, const struct iovec *v, int count, uintptr_t pc)
{
    if (me) {
        read_vector(me, v, count, SIZE_MAX, pc);
        fd_release(me, fd);
    }
}

INTERPOSE(ssize_t, readv, (int fd, const struct iovec *v, int count))
{
    struct actor *me = current();
    return got(me, fd, v, count, PARKED(me, "readv", fd, REAL(readv)(fd, v, count)), CALLER);
}

INTERPOSE(ssize_t, preadv, (int fd, const struct iovec *v, int count, off_t at))
{
    struct actor *me = current();
    return got(me, fd, v, count, REAL(preadv)(fd, v, count, at), CALLER);
}

INTERPOSE(ssize_t, preadv64, (int fd, const struct iovec *v, int count, off64_t at))
{
    struct actor *me = current();
    return got(me, fd, v, count, REAL(preadv64)(fd, v, count, at), CALLER);
}

INTERPOSE(ssize_t, preadv2, (int fd, const struct iovec *v, int count, off_t at, int flags))
{
    struct actor *me = current();
    return got(me, fd, v, count, REAL(preadv2)(fd, v, count, at, flags), CALLER);
}

INTERPOSE(ssize_t, preadv64v2, (int fd, const struct iovec *v, int count, off64_t at, int flags))
{
    struct actor *me = current();
    return got(me, fd, v, count, REAL(preadv64v2)(fd, v, count, at, flags), CALLER);
}

INTERPOSE(ssize_t, writev, (int fd, const struct iovec *v, int count))
{
    struct actor *me = current();
    giving(me, fd, v, count, CALLER);
    return PARKED(me, "writev", fd, REAL(writev)(fd, v, count));
}

INTERPOSE(ssize_t, pwritev, (int fd, const struct iovec *v, int count, off_t at))
{
    giving(current(), fd, v, count, CALLER);
    return REAL(pwritev)(fd, v, count, at);
}

INTERPOSE(ssize_t, pwritev64, (int fd, const struct iovec *v, int count, off64_t at))
{
    giving(current(), fd, v, count, CALLER);
    return REAL(pwritev64)(fd, v, count, at);
}

INTERPOSE(ssize_t, pwritev2, (int fd, const struct iovec *v, int count, off_t at, int flags))
{
    giving(current(), fd, v, count, CALLER);
    return REAL(pwritev2)(fd, v, count, at, flags);
}

INTERPOSE(ssize_t, pwritev64v2, (int fd, const struct iovec *v, int count, off64_t at, int flags))
{
    giving(current(), fd, v, count, CALLER);
    return REAL(pwritev64v2)(fd, v, count, at, flags);
}

INTERPOSE(ssize_t, process_vm_readv,
          (pid_t pid, const struct iovec *local, unsigned long nlocal, const struct iovec *remote,
           unsigned long nremote, unsigned long flags))
{
    struct actor *me = current();
    if (me && pid == getpid())
        read_vector(me, remote, (int)nremote, SIZE_MAX, CALLER);
    else if (me)
        read_if(me, remote, nremote * sizeof *remote, CALLER);
    ssize_t n = REAL(process_vm_readv)(pid, local, nlocal, remote, nremote, flags);
    if (me && n >= 0)
        write_vector(me, local, (int)nlocal, (size_t)n, CALLER);
    return n;
}

INTERPOSE(ssize_t, process_vm_writev,
          (pid_t pid, const struct iovec *local, unsigned long nlocal, const struct iovec *remote,
           unsigned long nremote, unsigned long flags))
{
    struct actor *me = current();
    if (me)
        read_vector(me, local, (int)nlocal, SIZE_MAX, CALLER);
    ssize_t n = REAL(process_vm_writev)(pid, local, nlocal, remote, nremote, flags);
    if (me && n >= 0 && pid == getpid())
        write_vector(me, remote, (int)nremote, (size_t)n, CALLER);
    else if (me)
        read_if(me, remote, nremote * sizeof *remote, CALLER);
    return n;
}

/* ---- from one descriptor to another ------------------------------------------------------------------------------ */

/* The past of who sent goes on with the data, and so does the caller's. What was sent before the call is known at the far end
 * before anybody can have it there; of what comes during the call the far end may be told only when it is over. */
static void passing(struct actor *me, int from, int to)
{
    if (me) {
        fd_acquire(me, from);
        fd_release(me, to);
    }
}

static ssize_t passed(struct actor *me, int from, int to, ssize_t n, void *position, uintptr_t pc)
{
    if (me && n >= 0) {
        fd_acquire(me, from);
        fd_release(me, to);
        write_if(me, position, sizeof(off_t), pc);
    }
    return n;
}

INTERPOSE(ssize_t, sendfile, (int to, int from, off_t *at, size_t n))
{
    struct actor *me = current();
    passing(me, from, to);
    return passed(me, from, to, PARKED(me, "sendfile", to, REAL(sendfile)(to, from, at, n)), at, CALLER);
}

INTERPOSE(ssize_t, sendfile64, (int to, int from, off64_t *at, size_t n))
{
    struct actor *me = current();
    passing(me, from, to);
    return passed(me, from, to, PARKED(me, "sendfile", to, REAL(sendfile64)(to, from, at, n)), at, CALLER);
}

INTERPOSE(ssize_t, splice, (int from, off64_t *from_at, int to, off64_t *to_at, size_t n, unsigned flags))
{
    struct actor *me = current();
    passing(me, from, to);
    ssize_t done =
        passed(me, from, to, PARKED(me, "splice", from, REAL(splice)(from, from_at, to, to_at, n, flags)), from_at, CALLER);
    if (me && done >= 0)
        write_if(me, to_at, sizeof *to_at, CALLER);
    return done;
}

INTERPOSE(ssize_t, tee, (int from, int to, size_t n, unsigned flags))
{
    struct actor *me = current();
    passing(me, from, to);
    return passed(me, from, to, PARKED(me, "tee", from, REAL(tee)(from, to, n, flags)), NULL, CALLER);
}

INTERPOSE(ssize_t, vmsplice, (int to, const struct iovec *v, size_t count, unsigned flags))
{
    struct actor *me = current();
    giving(me, to, v, (int)count, CALLER);
    return PARKED(me, "vmsplice", to, REAL(vmsplice)(to, v, count, flags));
}

INTERPOSE(ssize_t, copy_file_range, (int from, off64_t *from_at, int to, off64_t *to_at, size_t n, unsigned flags))
{
    struct actor *me = current();
    passing(me, from, to);
    ssize_t done = passed(me, from, to, REAL(copy_file_range)(from, from_at, to, to_at, n, flags), from_at, CALLER);
    if (me && done >= 0)
        write_if(me, to_at, sizeof *to_at, CALLER);
    return done;
}
