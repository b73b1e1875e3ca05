/* For check_gdb: goroutines in every state, then a place to stop at. With an argument: abort there. */
#include <stdlib.h>
#include <unistd.h>

#include "rt.h"

static struct rt_lock lock;
static volatile int computing;

static __attribute__((noinline)) void wait_below(volatile int depth)
{
    if (depth > 0) {
        wait_below(depth - 1);
    } else {
        rt_lock(&lock);
        rt_park_locked(&lock, RT_REASON_CHAN_RECV, &lock);
    }
    depth = 0;
}

static void waiter(int depth)
{
    wait_below(depth);
    computing = 0;
}

static void hog(void)
{
    computing = 1;
    for (;;)
        computing++;
}

static long endless(void *arg)
{
    for (;;)
        pause();
    return (long)arg;
}

static void blocker(void)
{
    goro_blocking(endless, NULL);
}

__attribute__((noinline)) void stop_here(void)
{
    __asm__ volatile("");
}

static int start(void *arg)
{
    goro_go(waiter, 3);
    goro_go(blocker);
    goro_go_opt((.name = "busy"), hog);
    /* The hog has run, and something else again: it is preempted. */
    while (!computing)
        goro_yield();
    goro_go(waiter, 1);
    stop_here();
    if (arg)
        abort();
    return 0;
}

int main(int argc, char **argv)
{
    return goro_run(start, argc > 1 ? argv : NULL);
}
