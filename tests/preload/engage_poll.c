/* Waiting for descriptors: who is woken knows what was done before, without reading. */
#include "engage.h"

static int ends[2];
static struct timespec soon = {.tv_sec = 10};
static sigset_t none;

static void ready(void)
{
    CHECK(pipe(ends) == 0);
    from_here();
    CHECK(write(ends[1], "x", 1) == 1);
}

static void polled(int n, struct pollfd *p)
{
    CHECK(n == 1 && p->revents == POLLIN);
    READS(p, offsetof(struct pollfd, revents));
    WRITES(&p->revents, sizeof p->revents);
    EDGE();
}

#define POLLS(name, ...) \
    CASE(name) \
    { \
        ready(); \
        struct pollfd p = {.fd = ends[0], .events = POLLIN}; \
        polled(CALL(name)(&p, 1, ##__VA_ARGS__), &p); \
    }

POLLS(poll, 10000)
POLLS(__poll_chk, 10000, sizeof p)
POLLS(ppoll, &soon, &none)
POLLS(__ppoll_chk, &soon, &none, sizeof p)

static void selected(int n, fd_set *r)
{
    CHECK(n == 1 && FD_ISSET(ends[0], r));
    WRITES(r, 8);
    EDGE();
}

CASE(select)
{
    fd_set r;
    struct timeval timeout = {.tv_sec = 10};
    ready();
    FD_ZERO(&r);
    FD_SET(ends[0], &r);
    selected(CALL(select)(ends[0] + 1, &r, NULL, NULL, &timeout), &r);
    WRITES(&timeout, sizeof timeout);
}

CASE(pselect)
{
    fd_set r;
    ready();
    FD_ZERO(&r);
    FD_SET(ends[0], &r);
    selected(CALL(pselect)(ends[0] + 1, &r, NULL, NULL, &soon, &none), &r);
    READS(&soon, sizeof soon);
}

/* ---- epoll ------------------------------------------------------------------------------------------------------------- */

static struct epoll_event wanted = {.events = EPOLLIN, .data.u64 = 42}, got[4];

static void watched(int epoll)
{
    CHECK(epoll >= 0 && pipe(ends) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &wanted) == 0);
    from_here();
    CHECK(write(ends[1], "x", 1) == 1);
}

static void woken(int n)
{
    CHECK(n == 1 && got[0].data.u64 == 42);
    WRITES(got, sizeof got[0]);
    EDGE();
}

CASE(epoll_create)
{
    int epoll = CALL(epoll_create)(1);
    watched(epoll);
    woken(epoll_wait(epoll, got, 4, 10000));
}

CASE(epoll_create1)
{
    int epoll = CALL(epoll_create1)(EPOLL_CLOEXEC);
    watched(epoll);
    woken(epoll_wait(epoll, got, 4, 10000));
}

/* Registering is known to who waits, too: here nothing is sent any more. */
CASE(epoll_ctl)
{
    int epoll = epoll_create1(0);
    CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    from_here();
    CHECK(CALL(epoll_ctl)(epoll, EPOLL_CTL_ADD, ends[0], &wanted) == 0);
    READS(&wanted, sizeof wanted);
    woken(epoll_wait(epoll, got, 4, 10000));
    CHECK(CALL(epoll_ctl)(epoll, EPOLL_CTL_DEL, ends[0], NULL) == 0);
}

CASE(epoll_wait)
{
    int epoll = epoll_create1(0);
    watched(epoll);
    woken(CALL(epoll_wait)(epoll, got, 4, 10000));
}

CASE(epoll_pwait)
{
    int epoll = epoll_create1(0);
    watched(epoll);
    woken(CALL(epoll_pwait)(epoll, got, 4, 10000, &none));
}

CASE(epoll_pwait2)
{
    int epoll = epoll_create1(0);
    watched(epoll);
    int n = CALL(epoll_pwait2)(epoll, got, 4, &soon, &none);
    if (n == -1 && errno == ENOSYS)
        return; /* Linux before 5.11 */
    woken(n);
}
