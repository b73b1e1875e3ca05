/* Descriptors: closing and copying them, those without a name, and plain reads and writes. Files are opened in
 * wrap_open.c, vectors are in wrap_vector.c. */
#include <fcntl.h>
#include <stdarg.h>

#include "../sample/sample.h"
#include "fd_edges.h"
#include "steer.h"
#include "touch.h"

static int opened_alone(struct actor *me, int fd)
{
    if (me && fd >= 0)
        fd_opened_alone(me, fd);
    return fd;
}

/* ---- close ------------------------------------------------------------------------------------------------------- */

INTERPOSE(int, close, (int fd))
{
    struct actor *me = current();
    if (__builtin_expect(sample_has(fd), 0)) {
        errno = EBADF;
        return -1;
    }
    if (me)
        fd_closing(me, fd);
    return REAL(close)(fd);
}

INTERPOSE(int, close_range, (unsigned first, unsigned last, int flags))
{
    struct actor *me = current();
    if (me && !(flags & CLOSE_RANGE_CLOEXEC))
        fd_closing_range(me, first, last);
    for (int ours; (ours = sample_next(first)) >= 0 && (unsigned)ours <= last; first = (unsigned)ours + 1) {
        const int result = (unsigned)ours > first ? REAL(close_range)(first, (unsigned)ours - 1, flags) : 0;
        if (result || (unsigned)ours == last)
            return result;
    }
    return REAL(close_range)(first, last, flags);
}

INTERPOSE(void, closefrom, (int first))
{
    struct actor *me = current();
    if (me)
        fd_closing_range(me, first < 0 ? 0 : (unsigned)first, ~0u);
    for (int ours; (ours = sample_next(first < 0 ? 0 : (unsigned)first)) >= 0; first = ours + 1)
        for (int fd = first < 0 ? 0 : first; fd < ours; fd++)
            REAL(close)(fd);
    REAL(closefrom)(first);
}

/* ---- pairs and objects without a name ---------------------------------------------------------------------------- */

INTERPOSE(int, pipe, (int fds[2]))
{
    struct actor *me = current();
    int result = REAL(pipe)(fds);
    if (me && result == 0) {
        mem_write(me, fds, 2 * sizeof fds[0], CALLER);
        fd_opened_pipe(me, fds[0], fds[1]);
    }
    return result;
}

INTERPOSE(int, pipe2, (int fds[2], int flags))
{
    struct actor *me = current();
    int result = REAL(pipe2)(fds, flags);
    if (me && result == 0) {
        mem_write(me, fds, 2 * sizeof fds[0], CALLER);
        fd_opened_pipe(me, fds[0], fds[1]);
    }
    return result;
}

INTERPOSE(int, socketpair, (int family, int type, int protocol, int fds[2]))
{
    struct actor *me = current();
    int result = REAL(socketpair)(family, type, protocol, fds);
    if (me && result == 0) {
        mem_write(me, fds, 2 * sizeof fds[0], CALLER);
        fd_opened_pair(me, fds[0], fds[1]);
    }
    return result;
}

INTERPOSE(int, eventfd, (unsigned count, int flags))
{
    struct actor *me = current();
    return opened_alone(me, REAL(eventfd)(count, flags));
}

INTERPOSE(int, eventfd_read, (int fd, eventfd_t *value))
{
    struct actor *me = current();
    int result = PARKED(me, "eventfd_read", fd, REAL(eventfd_read)(fd, value));
    if (me && result == 0) {
        fd_acquire(me, fd);
        mem_write(me, value, sizeof *value, CALLER);
    }
    return result;
}

INTERPOSE(int, eventfd_write, (int fd, eventfd_t value))
{
    struct actor *me = current();
    if (me)
        fd_release(me, fd);
    return REAL(eventfd_write)(fd, value);
}

INTERPOSE(int, timerfd_create, (clockid_t clock, int flags))
{
    struct actor *me = current();
    return opened_alone(me, REAL(timerfd_create)(clock, flags));
}

INTERPOSE(int, timerfd_settime, (int fd, int flags, const struct itimerspec *now, struct itimerspec *old))
{
    struct actor *me = current();
    if (me) {
        mem_read(me, now, sizeof *now, CALLER);
        fd_release(me, fd);
    }
    int result = REAL(timerfd_settime)(fd, flags, now, old);
    if (me && result == 0)
        write_if(me, old, sizeof *old, CALLER);
    return result;
}

INTERPOSE(int, timerfd_gettime, (int fd, struct itimerspec *now))
{
    struct actor *me = current();
    int result = REAL(timerfd_gettime)(fd, now);
    if (me && result == 0)
        mem_write(me, now, sizeof *now, CALLER);
    return result;
}

static int opened_inotify(struct actor *me, int fd)
{
    if (me && fd >= 0)
        fd_opened_inotify(me, fd);
    return fd;
}

INTERPOSE(int, inotify_init, (void))
{
    struct actor *me = current();
    return opened_inotify(me, REAL(inotify_init)());
}

INTERPOSE(int, inotify_init1, (int flags))
{
    struct actor *me = current();
    return opened_inotify(me, REAL(inotify_init1)(flags));
}

/* ---- copies ----------------------------------------------------------------------------------------------------- */

static int copied(struct actor *me, int from, int to)
{
    if (me && to >= 0)
        fd_copied(me, from, to);
    return to;
}

INTERPOSE(int, dup, (int fd))
{
    struct actor *me = current();
    return copied(me, fd, REAL(dup)(fd));
}

/* dup2 closes what `to` was. */
INTERPOSE(int, dup2, (int fd, int to))
{
    struct actor *me = current();
    if (me && fd != to)
        fd_closing(me, to);
    return copied(me, fd, REAL(dup2)(fd, to));
}

INTERPOSE(int, dup3, (int fd, int to, int flags))
{
    struct actor *me = current();
    if (me && fd != to)
        fd_closing(me, to);
    return copied(me, fd, REAL(dup3)(fd, to, flags));
}

/* Locks of an open file, by F_OFD_*, exclude the threads of a process that have opened it each for itself, as those of flock do;
 * the others belong to the process. */
static void controlling(struct actor *me, int fd, int command, const struct flock *l, uintptr_t pc)
{
    if (!me || !addressable(l))
        return;
    switch (command) {
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        if (l->l_type != F_WRLCK) /* an exclusive one may become a shared one */
            fd_release(me, fd);
        mem_read(me, l, sizeof *l, pc);
        break;
    case F_SETLK:
    case F_SETLKW:
        mem_read(me, l, sizeof *l, pc);
        break;
    default:
        break;
    }
}

static int controlled(struct actor *me, int fd, int command, const struct flock *l, int result, uintptr_t pc)
{
    if (!me || result < 0)
        return result;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return copied(me, fd, result);
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        if (l->l_type != F_UNLCK)
            fd_acquire(me, fd);
        break;
    case F_GETLK:
    case F_OFD_GETLK:
        mem_write(me, l, sizeof *l, pc);
        break;
    default:
        break;
    }
    return result;
}

#define CONTROL(name) \
    va_list rest; \
    va_start(rest, command); \
    void *argument = va_arg(rest, void *); /* an int or a pointer: passes through as either */ \
    va_end(rest); \
    struct actor *me = current(); \
    controlling(me, fd, command, argument, CALLER); \
    return controlled(me, fd, command, argument, PARKED(me, "fcntl", fd, REAL(name)(fd, command, argument)), CALLER)

INTERPOSE(int, fcntl, (int fd, int command, ...))
{
    CONTROL(fcntl);
}

INTERPOSE(int, fcntl64, (int fd, int command, ...))
{
    CONTROL(fcntl64);
}

/* ---- locks of files ------------------------------------------------------------------------------------------------ */

/* It belongs to the open file, so threads that have opened the file each for itself exclude one another. */
INTERPOSE(int, flock, (int fd, int operation))
{
    struct actor *me = current();
    if (me && operation & (LOCK_UN | LOCK_SH)) /* an exclusive one may become a shared one */
        fd_release(me, fd);
    int result = PARKED(me, "flock", fd, REAL(flock)(fd, operation));
    if (me && result == 0 && !(operation & LOCK_UN))
        fd_acquire(me, fd);
    return result;
}

/* It belongs to the process: its threads do not exclude one another. */
INTERPOSE(int, lockf, (int fd, int command, off_t size))
{
    struct actor *me = current();
    return PARKED(me, "lockf", fd, REAL(lockf)(fd, command, size));
}

INTERPOSE(int, lockf64, (int fd, int command, off64_t size))
{
    struct actor *me = current();
    return PARKED(me, "lockf", fd, REAL(lockf64)(fd, command, size));
}

/* A file's size is seen by stat. */
INTERPOSE(int, ftruncate, (int fd, off_t size))
{
    struct actor *me = current();
    if (me)
        fd_release(me, fd);
    return REAL(ftruncate)(fd, size);
}

INTERPOSE(int, ftruncate64, (int fd, off64_t size))
{
    struct actor *me = current();
    if (me)
        fd_release(me, fd);
    return REAL(ftruncate64)(fd, size);
}

/* ---- read, write ------------------------------------------------------------------------------------------------ */

static ssize_t got(struct actor *me, int fd, void *to, ssize_t n, uintptr_t pc)
{
    if (me && n >= 0) {
        fd_acquire(me, fd);
        write_if(me, to, (size_t)n, pc);
    }
    return n;
}

static void giving(struct actor *me, int fd, const void *from, size_t n, uintptr_t pc)
{
    if (me) {
        read_if(me, from, n, pc);
        fd_release(me, fd);
    }
}

HOT INTERPOSE(ssize_t, read, (int fd, void *to, size_t n))
{
    struct actor *me = current();
    return got(me, fd, to, PARKED(me, "read", fd, REAL(read)(fd, to, n)), CALLER);
}

INTERPOSE(ssize_t, __read_chk, (int fd, void *to, size_t n, size_t room))
{
    struct actor *me = current();
    return got(me, fd, to, PARKED(me, "read", fd, REAL(__read_chk)(fd, to, n, room)), CALLER);
}

INTERPOSE(ssize_t, pread, (int fd, void *to, size_t n, off_t at))
{
    struct actor *me = current();
    return got(me, fd, to, REAL(pread)(fd, to, n, at), CALLER);
}

INTERPOSE(ssize_t, pread64, (int fd, void *to, size_t n, off64_t at))
{
    struct actor *me = current();
    return got(me, fd, to, REAL(pread64)(fd, to, n, at), CALLER);
}

INTERPOSE(ssize_t, __pread_chk, (int fd, void *to, size_t n, off_t at, size_t room))
{
    struct actor *me = current();
    return got(me, fd, to, REAL(__pread_chk)(fd, to, n, at, room), CALLER);
}

INTERPOSE(ssize_t, __pread64_chk, (int fd, void *to, size_t n, off64_t at, size_t room))
{
    struct actor *me = current();
    return got(me, fd, to, REAL(__pread64_chk)(fd, to, n, at, room), CALLER);
}

HOT INTERPOSE(ssize_t, write, (int fd, const void *from, size_t n))
{
    struct actor *me = current();
    giving(me, fd, from, n, CALLER);
    return PARKED(me, "write", fd, REAL(write)(fd, from, n));
}

INTERPOSE(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at))
{
    giving(current(), fd, from, n, CALLER);
    return REAL(pwrite)(fd, from, n, at);
}

INTERPOSE(ssize_t, pwrite64, (int fd, const void *from, size_t n, off64_t at))
{
    giving(current(), fd, from, n, CALLER);
    return REAL(pwrite64)(fd, from, n, at);
}

/* Goroutines whose schedule comes from a seed have random numbers of that, too. */
static bool steered_bytes(void *to, size_t n)
{
    if (steer_now() < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)to)[i] = (unsigned char)(steering->draw() >> 8);
    return true;
}

INTERPOSE(ssize_t, getrandom, (void *to, size_t n, unsigned flags))
{
    struct actor *me = current();
    ssize_t made = steered_bytes(to, n) ? (ssize_t)n : REAL(getrandom)(to, n, flags);
    if (me && made > 0)
        mem_write(me, to, (size_t)made, CALLER);
    return made;
}

INTERPOSE(int, getentropy, (void *to, size_t n))
{
    struct actor *me = current();
    int result = n <= 256 && steered_bytes(to, n) ? 0 : REAL(getentropy)(to, n);
    if (me && result == 0)
        write_if(me, to, n, CALLER);
    return result;
}
