/* Wait group, add in the wrong place: a helper counts itself, after it has said that it runs; who waits may be through
 * before. Fixed: counted by who starts it. */
#include "kernel.h"

static waitgroup running;
static mutex lock;
static int results;

static void help(chan_of(bool) begun)
{
    chan_send(begun, true);
#ifndef FIXED
    waitgroup_add(&running, 1);
#endif
    mutex_lock(&lock);
    results++;
    mutex_unlock(&lock);
    waitgroup_done(&running);
}

static void kernel(void)
{
    chan_of(bool) begun = chan_make(bool, 0);
#ifdef FIXED
    waitgroup_add(&running, 1);
#endif
    go(help, begun);
    chan_take(begun);
    waitgroup_wait(&running);
    mutex_lock(&lock);
    check(results == 1, "waited for nobody");
    mutex_unlock(&lock);
}
