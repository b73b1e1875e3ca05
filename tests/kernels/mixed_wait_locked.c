/* Wait group and lock: the count of workers is waited for with the lock held that they take before they are done.
 * Fixed: waited for without it. */
#include "kernel.h"

static mutex lock;
static int total;

static void work(chan_of(bool) begun, waitgroup *running)
{
    chan_send(begun, true);
    mutex_lock(&lock);
    total++;
    mutex_unlock(&lock);
    waitgroup_done(running);
}

static void kernel(void)
{
    static waitgroup running;
    chan_of(bool) begun = chan_make(bool, 0);
    waitgroup_add(&running, 1);
    go(work, begun, &running);
    chan_take(begun);
#ifdef FIXED
    waitgroup_wait(&running);
    mutex_lock(&lock);
#else
    mutex_lock(&lock);
    waitgroup_wait(&running);
#endif
    total = 0;
    mutex_unlock(&lock);
}
