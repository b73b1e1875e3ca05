/* Data race on a captured loop variable: each goroutine gets the address of the one counter, and reads it after the
 * loop was told that it is there. Fixed: a copy. */
#include "kernel.h"

static mutex lock;
static int sum;

static void add(const int *number, int copy, chan_of(bool) begun, waitgroup *running)
{
    chan_send(begun, true);
#ifdef FIXED
    int mine = copy;
    (void)number;
#else
    int mine = *number;
    (void)copy;
#endif
    mutex_lock(&lock);
    sum += mine;
    mutex_unlock(&lock);
    waitgroup_done(running);
}

static void kernel(void)
{
    static waitgroup running;
    static int i;
    chan_of(bool) begun = chan_make(bool, 0);
    waitgroup_add(&running, 3);
    for (i = 0; i < 3; i++) {
        go(add, &i, i, begun, &running);
        chan_take(begun);
        mutex_lock(&lock);
        sum++;
        mutex_unlock(&lock);
    }
    waitgroup_wait(&running);
    check(sum == 6, "a number was added twice, another one never");
}
