/* Descriptors: a table by number, with users, waiters and readiness.
 *
 * Readiness. A descriptor is registered once, edge-triggered, for both directions, when somebody first has to wait (or when
 * only epoll can say whether it takes it). Calls try the system call first. Each side counts the edges that the poller
 * reported. A call reads the count, makes the system call, and after EAGAIN waits unless the count has moved meanwhile,
 * which it looks at again under the lock that the poller takes to move it: no edge is lost, and no flag has to be cleared.
 *
 * Short reads. On a TCP socket a read of fewer bytes than asked has emptied the buffer (epoll(7)); what comes later makes
 * a new edge. So the next read need not ask the kernel: it waits when the count is still that of before the short read. This
 * saves one of three system calls of a request. Not after an end, an error or urgent data was reported (`suspicious`):
 * an end that was reported together with the data makes no second edge. Other kinds of descriptors have short reads that mean
 * nothing (packets, lines, passed descriptors).
 *
 * Several waiters on one side: an edge wakes the first, and who was woken wakes the next once its call succeeded
 * (rt_fd_pass_on). Not EPOLLEXCLUSIVE: a descriptor is in one epoll only, so the herd would be of goroutines.
 *
 * Close. A number must not be given back while a call could still use it, or the call would read another's connection. So
 * calls count themselves in `users`; close sets RT_FD_CLOSING, wakes the waiters with -ECANCELED, and closes when the count is
 * zero. Calls that begin meanwhile get -EBADF. On RT_FD_FILE a call may block for ever: there the last user closes.
 * close(2) and the reset of the entry are one step under the lock: who gets the same number afterwards waits for it.
 * `generation` protects from events of the number's former owner that are on their way.
 *
 * What it cannot see: a close(2) behind our back whose number the kernel gives to a descriptor that is not ours, with no
 * call in between that could fail with EBADF.
 *
 * Entries live until the runtime stops, so the table is read without a lock. */
#include "fd.h"

#include <errno.h>
#include <sys/epoll.h>

#include "libc.h"
#include "rt.h"

enum { CHUNK = 256, CHUNKS = 16384 };

static struct rt_fd *chunks[CHUNKS]; /* atomic; set once */

static struct rt_fd *make_chunk(struct rt_fd **slot)
{
    struct rt_fd *chunk = rt_alloc(CHUNK * sizeof *chunk), *there = NULL;
    if (!chunk)
        return NULL;
    if (__atomic_compare_exchange_n(slot, &there, chunk, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return chunk;
    rt_free(chunk, CHUNK * sizeof *chunk);
    return there;
}

static struct rt_fd *lookup(int fd, int *error)
{
    *error = -EBADF;
    if (fd < 0)
        return NULL;
    *error = -EMFILE;
    if (fd >= CHUNK * CHUNKS)
        return NULL;
    struct rt_fd **slot = &chunks[fd / CHUNK];
    struct rt_fd *chunk = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    *error = -ENOMEM;
    if (!chunk && !(chunk = make_chunk(slot)))
        return NULL;
    return &chunk[fd % CHUNK];
}

/* ---- waiters ---- */

/* Requires: lock. Takes all off with `result`. */
static void take_all(struct rt_fd *d, int result, struct rt_glist *list)
{
    for (int side = RT_FD_READ; side <= RT_FD_WRITE; side++) {
        struct rt_waiter *w;
        while ((w = rt_waitq_pop(&d->side[side].q))) {
            w->result = result;
            rt_glist_push(list, w->g);
        }
    }
}

static uint32_t wake_one(struct rt_fd_waits *waits, struct rt_glist *list)
{
    struct rt_waiter *w = rt_waitq_pop(&waits->q);
    if (!w)
        return 0;
    w->result = 0;
    rt_glist_push(list, w->g);
    return 1;
}

/* Requires: lock. The number means something else from now on. */
static void reset(struct rt_fd *d, enum rt_fd_kind kind)
{
    d->generation++;
    d->home = 0;
    d->last_closes = 0;
    d->inside = 0;
    d->suspicious = 0;
    for (int side = RT_FD_READ; side <= RT_FD_WRITE; side++) {
        d->side[side].drained = 0;
        d->side[side].deadline = 0;
    }
    __atomic_store_n(&d->kind, kind, __ATOMIC_RELEASE);
}

void rt_fd_pass_on(struct rt_fd *d, enum rt_fd_side side)
{
    /* Without the lock: who was woken and has to pass on sees all that queued before the edge. */
    if (!__atomic_load_n(&d->side[side].q.first, __ATOMIC_RELAXED))
        return;
    struct rt_glist list = {0};
    rt_lock(&d->lock);
    wake_one(&d->side[side], &list);
    rt_unlock(&d->lock);
    if (list.first)
        rt_ready(list.first);
}

uint32_t rt_fd_event(int fd, uint32_t generation, uint32_t events, struct rt_glist *ready)
{
    int error;
    struct rt_fd *d = lookup(fd, &error);
    uint32_t count = 0;
    if (!d)
        return 0;
    rt_lock(&d->lock);
    if (d->generation == generation) {
        if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
            __atomic_store_n(&d->suspicious, 1, __ATOMIC_RELEASE);
        if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) {
            __atomic_fetch_add(&d->side[RT_FD_READ].edges, 1, __ATOMIC_RELEASE);
            count += wake_one(&d->side[RT_FD_READ], ready);
        }
        if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
            __atomic_fetch_add(&d->side[RT_FD_WRITE].edges, 1, __ATOMIC_RELEASE);
            count += wake_one(&d->side[RT_FD_WRITE], ready);
        }
    }
    rt_unlock(&d->lock);
    return count;
}

static int64_t earlier(int64_t deadline, int64_t other)
{
    return other != 0 && other < deadline ? other : deadline;
}

int rt_fd_wait(int fd, struct rt_fd *d, enum rt_fd_side side, uint32_t edges, int64_t deadline)
{
    struct rt_fd_waits *waits = &d->side[side];
    struct rt_g *g = rt_self();
    struct rt_waiter w = {.g = g, .claim = &g->claim, .value = 1};
    int error = 0;
    rt_lock(&d->lock);
    if (__atomic_load_n(&d->users, __ATOMIC_RELAXED) & RT_FD_CLOSING)
        error = -ECANCELED;
    else if (!d->home)
        error = rt_poll_add(fd, d->generation, &d->home);
    deadline = earlier(deadline, __atomic_load_n(&waits->deadline, __ATOMIC_RELAXED));
    if (error == 0 && waits->edges == edges && deadline != GORO_FOREVER && deadline <= goro_now())
        error = -ETIMEDOUT;
    if (error || waits->edges != edges) {
        rt_unlock(&d->lock);
        return error;
    }
    __atomic_store_n(&g->claim, 0, __ATOMIC_RELAXED);
    rt_waitq_push(&waits->q, &w);
    uint16_t home = d->home;
    rt_poll_waiting(home, 1);
    bool woken = rt_park_until(&g->claim, deadline, rt_unlock_arg, &d->lock,
                               side == RT_FD_READ ? RT_REASON_IO_READ : RT_REASON_IO_WRITE, d);
    rt_poll_waiting(home, -1);
    if (woken)
        return w.result;
    rt_lock(&d->lock);
    rt_waitq_remove(&waits->q, &w);
    rt_unlock(&d->lock);
    return -ETIMEDOUT;
}

void rt_fd_set_deadline(struct rt_fd *d, enum rt_fd_side side, int64_t deadline)
{
    struct rt_glist list = {0};
    rt_lock(&d->lock);
    /* 0 is "none" in the entry; a point that early has passed as 1 has. */
    int64_t stored = deadline == GORO_FOREVER ? 0 : deadline < 1 ? 1 : deadline;
    __atomic_store_n(&d->side[side].deadline, stored, __ATOMIC_RELAXED);
    /* They try again, and wait until the new one. */
    while (wake_one(&d->side[side], &list))
        ;
    rt_unlock(&d->lock);
    rt_ready_list(&list);
}

/* ---- users ---- */

/* Requires: lock, not closing. What fd is; makes it non-blocking if the poller is to wait for it. */
static int classify(int fd, struct rt_fd *d)
{
    int kind = rt_libc_kind(fd);
    if (kind < 0)
        return kind;
    if (kind == RT_FD_OTHER) {
        /* Only epoll knows. */
        int error = rt_poll_add(fd, d->generation, &d->home);
        if (error == -EPERM)
            kind = RT_FD_FILE;
        else if (error)
            return error;
    }
    int error = kind == RT_FD_FILE ? 0 : rt_libc_nonblocking(fd);
    if (error == 0)
        __atomic_store_n(&d->kind, kind, __ATOMIC_RELEASE);
    return error;
}

struct rt_fd *rt_fd_ref(int fd, int *error)
{
    struct rt_fd *d = lookup(fd, error);
    if (!d)
        return NULL;
    while (__atomic_fetch_add(&d->users, 1, __ATOMIC_ACQUIRE) & RT_FD_CLOSING) {
        rt_fd_put(fd, d);
        /* Between close(2) and the reset the number may be somebody's already: the lock is held there. */
        rt_lock(&d->lock);
        bool closing = __atomic_load_n(&d->users, __ATOMIC_RELAXED) & RT_FD_CLOSING;
        rt_unlock(&d->lock);
        if (closing) {
            *error = -EBADF;
            return NULL;
        }
    }
    return d;
}

struct rt_fd *rt_fd_get(int fd, int *error)
{
    struct rt_fd *d = rt_fd_ref(fd, error);
    if (!d || __atomic_load_n(&d->kind, __ATOMIC_ACQUIRE) != RT_FD_NEW)
        return d;
    *error = 0;
    rt_lock(&d->lock);
    if (d->kind == RT_FD_NEW)
        *error = classify(fd, d);
    rt_unlock(&d->lock);
    if (*error == 0)
        return d;
    rt_fd_put(fd, d);
    return NULL;
}

/* Requires: lock, closing, no users. */
static int finish(int fd, struct rt_fd *d)
{
    if (d->home)
        rt_poll_del(fd, d->home);
    int error = rt_libc_close(fd);
    reset(d, RT_FD_NEW);
    __atomic_fetch_and(&d->users, ~RT_FD_CLOSING, __ATOMIC_RELEASE);
    return error;
}

/* The last user of a descriptor that is being closed. Another one may have come and gone meanwhile: all is looked at again. */
static void put_last(int fd, struct rt_fd *d)
{
    struct rt_g *closer = NULL;
    rt_lock(&d->lock);
    if (__atomic_load_n(&d->users, __ATOMIC_ACQUIRE) == RT_FD_CLOSING) {
        closer = d->closer;
        d->closer = NULL;
        if (d->last_closes)
            finish(fd, d);
    }
    rt_unlock(&d->lock);
    if (closer)
        rt_ready(closer);
}

void rt_fd_put(int fd, struct rt_fd *d)
{
    if (__atomic_sub_fetch(&d->users, 1, __ATOMIC_ACQ_REL) == RT_FD_CLOSING)
        put_last(fd, d);
}

int rt_fd_close(int fd)
{
    struct rt_glist list = {0};
    int error;
    struct rt_fd *d = lookup(fd, &error);
    if (!d)
        return error;
    rt_lock(&d->lock);
    if (__atomic_fetch_or(&d->users, RT_FD_CLOSING, __ATOMIC_ACQUIRE) & RT_FD_CLOSING) {
        rt_unlock(&d->lock);
        return -EBADF;
    }
    take_all(d, -ECANCELED, &list);
    if (list.first) {
        rt_unlock(&d->lock);
        rt_ready_list(&list);
        rt_lock(&d->lock);
    }
    while (__atomic_load_n(&d->users, __ATOMIC_ACQUIRE) != RT_FD_CLOSING) {
        if (d->kind == RT_FD_FILE) {
            d->last_closes = 1;
            rt_unlock(&d->lock);
            return 0;
        }
        d->closer = rt_self();
        rt_park_locked(&d->lock, RT_REASON_IO_CLOSE, d);
        rt_lock(&d->lock);
    }
    error = finish(fd, d);
    rt_unlock(&d->lock);
    return error;
}

/* Requires: lock. */
static void forget(struct rt_fd *d, enum rt_fd_kind kind, struct rt_glist *list)
{
    take_all(d, -EBADF, list);
    reset(d, kind);
}

int rt_fd_adopt(int fd, enum rt_fd_kind kind)
{
    struct rt_glist list = {0};
    int error;
    struct rt_fd *d = lookup(fd, &error);
    if (!d) {
        rt_libc_close(fd);
        return error;
    }
    rt_lock(&d->lock);
    forget(d, kind, &list);
    rt_unlock(&d->lock);
    if (list.first)
        rt_ready_list(&list);
    return fd;
}

void rt_fd_lost(struct rt_fd *d)
{
    struct rt_glist list = {0};
    rt_lock(&d->lock);
    forget(d, RT_FD_NEW, &list);
    rt_unlock(&d->lock);
    rt_ready_list(&list);
}

void rt_fd_both_inside(int fd)
{
    int error;
    lookup(fd, &error)->inside = 1;
}

bool rt_fd_waits_outside(const struct rt_g *g, int *fd)
{
    const struct rt_fd *d = g->object;
    if ((g->reason != RT_REASON_IO_READ && g->reason != RT_REASON_IO_WRITE) || d->inside)
        return false;
    for (int i = 0; i < CHUNKS; i++)
        if (chunks[i] && d >= chunks[i] && d < chunks[i] + CHUNK)
            *fd = i * CHUNK + (int)(d - chunks[i]);
    return true;
}

/* ---- all ---- */

void rt_fds_each(void (*visit)(int fd, struct rt_fd *d))
{
    for (int i = 0; i < CHUNKS; i++)
        for (int j = 0; chunks[i] && j < CHUNK; j++)
            visit(i * CHUNK + j, &chunks[i][j]);
}

void rt_fds_free(void)
{
    for (int i = 0; i < CHUNKS; i++)
        if (chunks[i]) {
            rt_free(chunks[i], CHUNK * sizeof *chunks[i]);
            chunks[i] = NULL;
        }
}
