/* The poller: an epoll instance for each P.
 *
 * A descriptor is watched by the P on which a goroutine first waited for it, and its goroutines become runnable there: they
 * stay where their data are, and Ps neither share the lock of an epoll instance nor a list of ready descriptors (with one
 * instance for all, these are what limits a runtime on many processors). A P polls its own instance when it has nothing to run
 * and every so often; if that gives nothing, one other's, chosen at random, so that events of a P that is busy
 * for long do not wait for it.
 *
 * The M that sleeps waits for all instances at once: by poll(2) on the epoll descriptors, which can be polled themselves.
 * Not by an epoll of epolls: each event of a busy program would pay for waking the outer one under its one lock. This costs
 * only who sleeps. While there is one instance only, it sleeps in that.
 *
 * rt_poll_wake writes to an eventfd that instance 0 watches, level-triggered: it stays ready until the M that sleeps, and
 * only that one, has read it; whoever polls in between sees it and leaves it alone.
 *
 * io_uring was not taken: for requests and answers over TCP the kernel's work per packet is a multiple of the system calls'
 * own cost, containers forbid it often, and buffers owned by the kernel do not fit calls that return with a stack's. */
#include "poll.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "arch/x86_64/syscall.h"
#include "fd.h"
#include "sched.h"

enum { EVENTS = 128 };
/* Instead of fd and generation, in the event of the eventfd. */
#define WAKE UINT64_MAX

struct poller {
    int fd1;         /* 1 + its epoll descriptor; 0: not made yet. Atomic; made under `lock` */
    int32_t waiting; /* atomic: goroutines that wait for its descriptors */
} __attribute__((aligned(64)));

static struct poller pollers[RT_MAX_PROCS];
static int made; /* atomic: those behind do not exist. Only grows */
static struct rt_lock lock;
static int wake_fd = -1;
static uint32_t woken; /* atomic: wake_fd is, or is about to be, ready */

static int epoll_of(const struct poller *poller)
{
    return __atomic_load_n(&poller->fd1, __ATOMIC_ACQUIRE) - 1;
}

static int control(int epoll, int op, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};
    return (int)rt_syscall(SYS_epoll_ctl, epoll, op, fd, (long)&event, 0, 0);
}

static int watch(int epoll, int op, int fd, uint32_t generation)
{
    return control(epoll, op, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
                   (uint64_t)generation << 32 | (uint32_t)fd);
}

static int make(int index)
{
    struct poller *poller = &pollers[index];
    rt_lock(&lock);
    int epoll = epoll_of(poller);
    if (epoll < 0) {
        epoll = (int)rt_syscall(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0, 0, 0, 0);
        if (epoll >= 0) {
            __atomic_store_n(&poller->fd1, epoll + 1, __ATOMIC_RELEASE);
            if (index >= made)
                __atomic_store_n(&made, index + 1, __ATOMIC_SEQ_CST);
            /* Who sleeps does so without it. */
            rt_poll_wake();
        }
    }
    rt_unlock(&lock);
    return epoll;
}

int rt_poll_add(int fd, uint32_t generation, uint16_t *home)
{
    struct rt_p *p = rt_this_p(); /* stays: the descriptor's lock is held */
    int index = p ? p->id : 0;
    int epoll = epoll_of(&pollers[index]);
    if (epoll < 0 && (epoll = make(index)) < 0) {
        /* No descriptor left for it: the first one is always there. */
        index = 0;
        epoll = epoll_of(&pollers[0]);
    }
    int error = watch(epoll, EPOLL_CTL_ADD, fd, generation);
    /* Closed behind our back while a duplicate is open, and then duplicated to the same number again. */
    if (error == -EEXIST)
        error = watch(epoll, EPOLL_CTL_MOD, fd, generation);
    if (error == 0)
        *home = (uint16_t)(index + 1);
    return error;
}

void rt_poll_del(int fd, uint16_t home)
{
    control(epoll_of(&pollers[home - 1]), EPOLL_CTL_DEL, fd, 0, 0);
}

void rt_poll_waiting(uint16_t home, int change)
{
    __atomic_fetch_add(&pollers[home - 1].waiting, change, __ATOMIC_SEQ_CST);
}

uint32_t rt_poll_waiters(void)
{
    int32_t sum = 0;
    for (int i = 0; i < __atomic_load_n(&made, __ATOMIC_RELAXED); i++)
        sum += __atomic_load_n(&pollers[i].waiting, __ATOMIC_SEQ_CST);
    return sum > 0 ? (uint32_t)sum : 0;
}

/* until: as in rt_poll. *wake: the eventfd is ready. */
static uint32_t collect(int epoll, int64_t until, struct rt_glist *ready, bool *wake)
{
    struct epoll_event events[EVENTS];
    long n;
    uint32_t count = 0;
    if (until <= 0) {
        n = rt_syscall(SYS_epoll_pwait, epoll, (long)events, EVENTS, 0, 0, 0);
    } else {
        int64_t left = until - goro_now();
        left = left < 0 ? 0 : left;
        struct timespec time = {left / GORO_SECOND, left % GORO_SECOND};
        n = rt_syscall(SYS_epoll_pwait2, epoll, (long)events, EVENTS, until == GORO_FOREVER ? 0 : (long)&time, 0, 0);
    }
    for (long i = 0; i < n; i++) {
        uint64_t data = events[i].data.u64;
        if (data == WAKE)
            *wake = true;
        else
            count += rt_fd_event((int)(uint32_t)data, (uint32_t)(data >> 32), events[i].events, ready);
    }
    return count;
}

/* Sleeps until something is ready. */
static void sleep_on_all(int64_t until)
{
    struct pollfd fds[RT_MAX_PROCS];
    int count = 0;
    for (int i = 0; i < __atomic_load_n(&made, __ATOMIC_SEQ_CST); i++) {
        int epoll = epoll_of(&pollers[i]);
        if (epoll >= 0)
            fds[count++] = (struct pollfd){.fd = epoll, .events = POLLIN};
    }
    int64_t left = until == GORO_FOREVER ? 0 : until - goro_now();
    left = left < 0 ? 0 : left;
    struct timespec time = {left / GORO_SECOND, left % GORO_SECOND};
    rt_syscall(SYS_ppoll, (long)fds, count, until == GORO_FOREVER ? 0 : (long)&time, 0, 0, 0);
}

/* Requires: the eventfd was seen ready. A wake that is only announced (`woken` set, not written yet) is left for next time. */
static void take_wake(void)
{
    uint64_t value;
    rt_syscall(SYS_read, wake_fd, (long)&value, sizeof value, 0, 0, 0);
    /* Afterwards: who saw `woken` set did not write, and relies on us to return now and look again. */
    __atomic_exchange_n(&woken, 0, __ATOMIC_SEQ_CST);
}

/* Without waiting, for a P: its own first. */
static uint32_t poll_near(int id, int count, struct rt_glist *ready)
{
    bool wake; /* is for who sleeps */
    uint32_t found = 0;
    if (id < count && __atomic_load_n(&pollers[id].waiting, __ATOMIC_RELAXED) > 0)
        found = collect(epoll_of(&pollers[id]), 0, ready, &wake);
    if (found > 0 || count == 1)
        return found;
    int other = (int)rt_choose(RT_STREAM_POLL, (uint32_t)count);
    if (other != id && __atomic_load_n(&pollers[other].waiting, __ATOMIC_RELAXED) > 0)
        found = collect(epoll_of(&pollers[other]), 0, ready, &wake);
    return found;
}

uint32_t rt_poll(struct rt_p *p, int64_t until, struct rt_glist *ready)
{
    int count = __atomic_load_n(&made, __ATOMIC_ACQUIRE);
    if (p)
        return poll_near(p->id, count, ready);
    uint32_t found = 0;
    bool wake = false, alone = until > 0 && count == 1;
    if (until > 0 && !alone)
        sleep_on_all(until);
    for (int i = 0; i < count; i++)
        if (epoll_of(&pollers[i]) >= 0)
            found += collect(epoll_of(&pollers[i]), alone ? until : 0, ready, &wake);
    if (until > 0 && wake)
        take_wake();
    return found;
}

void rt_poll_wake(void)
{
    uint64_t one = 1;
    if (!__atomic_exchange_n(&woken, 1, __ATOMIC_SEQ_CST))
        rt_syscall(SYS_write, wake_fd, (long)&one, sizeof one, 0, 0, 0);
}

int rt_poll_start(void)
{
    __atomic_store_n(&woken, 1, __ATOMIC_SEQ_CST); /* nobody to wake while it is being made */
    int fd = (int)rt_syscall(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK, 0, 0, 0, 0);
    if (fd < 0)
        return fd;
    wake_fd = fd;
    int epoll = make(0);
    int error = epoll < 0 ? epoll : control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, WAKE);
    __atomic_store_n(&woken, 0, __ATOMIC_SEQ_CST);
    return error;
}

/* The descriptors of the poller itself. */
static void close_all(void)
{
    for (int i = 0; i < made; i++)
        if (epoll_of(&pollers[i]) >= 0)
            rt_syscall(SYS_close, epoll_of(&pollers[i]), 0, 0, 0, 0, 0);
    if (wake_fd >= 0)
        rt_syscall(SYS_close, wake_fd, 0, 0, 0, 0, 0);
    wake_fd = -1;
    made = 0;
    for (int i = 0; i < RT_MAX_PROCS; i++)
        pollers[i].fd1 = 0;
}

void rt_poll_drop_waits(void)
{
    for (int i = 0; i < RT_MAX_PROCS; i++)
        pollers[i].waiting = 0;
}

void rt_poll_stop(void)
{
    close_all();
    rt_poll_drop_waits();
    rt_fds_free();
}

/* Goroutines may wait for it; the same instance as in the parent, since they count there. */
static void watch_again(int fd, struct rt_fd *d)
{
    if (d->home && make(d->home - 1) >= 0)
        watch(epoll_of(&pollers[d->home - 1]), EPOLL_CTL_ADD, fd, d->generation);
}

void rt_poll_after_fork(void)
{
    /* The instances are shared with the parent: what we take there, it does not get. */
    close_all();
    lock.held = 0;
    if (rt_poll_start() == 0)
        rt_fds_each(watch_again);
}
