/* Waiting for descriptors. A thread that is told a descriptor is readable knows what was done before it became so, even
 * if it never reads it: an eventfd is often only waited for. */
#include "fd_edges.h"
#include "touch.h"

#define READABLE (POLLIN | POLLPRI | POLLHUP | POLLERR | POLLRDHUP | POLLRDNORM | POLLRDBAND)

static void polling(struct actor *me, const struct pollfd *fds, nfds_t n, uintptr_t pc)
{
    for (nfds_t i = 0; me && i < n; i++)
        mem_read(me, &fds[i], offsetof(struct pollfd, revents), pc);
}

/* A call that a signal has interrupted has filled in all the same. */
static int polled(struct actor *me, const struct pollfd *fds, nfds_t n, int ready, uintptr_t pc)
{
    const bool filled = ready >= 0 || errno == EINTR;
    for (nfds_t i = 0; me && filled && i < n; i++) {
        mem_write(me, &fds[i].revents, sizeof fds[i].revents, pc);
        if (fds[i].revents & READABLE)
            fd_acquire(me, fds[i].fd);
    }
    return ready;
}

INTERPOSE(int, poll, (struct pollfd * fds, nfds_t n, int timeout))
{
    struct actor *me = current();
    polling(me, fds, n, CALLER);
    return polled(me, fds, n, PARKED(me, "poll", -1, REAL(poll)(fds, n, timeout)), CALLER);
}

INTERPOSE(int, __poll_chk, (struct pollfd * fds, nfds_t n, int timeout, size_t room))
{
    struct actor *me = current();
    polling(me, fds, n, CALLER);
    return polled(me, fds, n, PARKED(me, "poll", -1, REAL(__poll_chk)(fds, n, timeout, room)), CALLER);
}

static void reading_limits(struct actor *me, const struct timespec *timeout, const sigset_t *mask, uintptr_t pc)
{
    if (me) {
        read_if(me, timeout, sizeof *timeout, pc);
        read_if(me, mask, 8, pc); /* the kernel's set of 64 signals */
    }
}

INTERPOSE(int, ppoll, (struct pollfd * fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask))
{
    struct actor *me = current();
    polling(me, fds, n, CALLER);
    reading_limits(me, timeout, mask, CALLER);
    return polled(me, fds, n, PARKED(me, "ppoll", -1, REAL(ppoll)(fds, n, timeout, mask)), CALLER);
}

INTERPOSE(int, __ppoll_chk,
          (struct pollfd * fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room))
{
    struct actor *me = current();
    polling(me, fds, n, CALLER);
    reading_limits(me, timeout, mask, CALLER);
    return polled(me, fds, n, PARKED(me, "ppoll", -1, REAL(__ppoll_chk)(fds, n, timeout, mask, room)), CALLER);
}

/* ---- select ----------------------------------------------------------------------------------------------------- */

/* The kernel reads and writes whole words of a set. */
static size_t set_size(int n)
{
    return n <= 0 ? 0 : ((size_t)n + 63) / 64 * 8;
}

static void selecting(struct actor *me, int n, const fd_set *r, const fd_set *w, const fd_set *x, uintptr_t pc)
{
    if (me) {
        read_if(me, r, set_size(n), pc);
        read_if(me, w, set_size(n), pc);
        read_if(me, x, set_size(n), pc);
    }
}

static int selected(struct actor *me, int n, const fd_set *r, const fd_set *w, const fd_set *x, int ready, uintptr_t pc)
{
    if (!me || ready < 0)
        return ready;
    write_if(me, r, set_size(n), pc);
    write_if(me, w, set_size(n), pc);
    write_if(me, x, set_size(n), pc);
    for (int fd = 0; r && ready > 0 && fd < n; fd++) {
        if (r->fds_bits[fd / 64] >> fd % 64 & 1) /* FD_ISSET refuses what is over FD_SETSIZE; the kernel does not */
            fd_acquire(me, fd);
    }
    return ready;
}

INTERPOSE(int, select, (int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout))
{
    struct actor *me = current();
    selecting(me, n, r, w, x, CALLER);
    if (me)
        read_if(me, timeout, sizeof *timeout, CALLER);
    int ready = selected(me, n, r, w, x, PARKED(me, "select", -1, REAL(select)(n, r, w, x, timeout)), CALLER);
    if (me)
        write_if(me, timeout, sizeof *timeout, CALLER); /* Linux leaves the rest of the time there */
    return ready;
}

INTERPOSE(int, pselect, (int n, fd_set *r, fd_set *w, fd_set *x, const struct timespec *timeout, const sigset_t *mask))
{
    struct actor *me = current();
    selecting(me, n, r, w, x, CALLER);
    reading_limits(me, timeout, mask, CALLER);
    return selected(me, n, r, w, x, PARKED(me, "pselect", -1, REAL(pselect)(n, r, w, x, timeout, mask)), CALLER);
}

/* ---- epoll ------------------------------------------------------------------------------------------------------ */

INTERPOSE(int, epoll_create, (int size))
{
    struct actor *me = current();
    int fd = REAL(epoll_create)(size);
    if (me && fd >= 0)
        fd_opened_alone(me, fd);
    return fd;
}

INTERPOSE(int, epoll_create1, (int flags))
{
    struct actor *me = current();
    int fd = REAL(epoll_create1)(flags);
    if (me && fd >= 0)
        fd_opened_alone(me, fd);
    return fd;
}

INTERPOSE(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event))
{
    struct actor *me = current();
    if (me) {
        read_if(me, event, sizeof *event, CALLER);
        fd_watch(me, epoll, op, fd, addressable(event) ? event->data.u64 : 0);
    }
    return REAL(epoll_ctl)(epoll, op, fd, event);
}

static int woken(struct actor *me, int epoll, const struct epoll_event *events, int n, uintptr_t pc)
{
    if (!me || n <= 0)
        return n;
    mem_write(me, events, (size_t)n * sizeof *events, pc);
    fd_woken(me, epoll, events, n);
    return n;
}

HOT INTERPOSE(int, epoll_wait, (int epoll, struct epoll_event *events, int max, int timeout))
{
    struct actor *me = current();
    return woken(me, epoll, events, PARKED(me, "epoll_wait", epoll, REAL(epoll_wait)(epoll, events, max, timeout)),
                 CALLER);
}

INTERPOSE(int, epoll_pwait, (int epoll, struct epoll_event *events, int max, int timeout, const sigset_t *mask))
{
    struct actor *me = current();
    reading_limits(me, NULL, mask, CALLER);
    return woken(me, epoll, events,
                 PARKED(me, "epoll_pwait", epoll, REAL(epoll_pwait)(epoll, events, max, timeout, mask)), CALLER);
}

INTERPOSE(int, epoll_pwait2,
          (int epoll, struct epoll_event *events, int max, const struct timespec *timeout, const sigset_t *mask))
{
    struct actor *me = current();
    reading_limits(me, timeout, mask, CALLER);
    return woken(me, epoll, events,
                 PARKED(me, "epoll_pwait2", epoll, REAL(epoll_pwait2)(epoll, events, max, timeout, mask)), CALLER);
}
