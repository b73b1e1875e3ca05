/* Missing unlock: the way out that is taken when the store is closing forgets the lock. Fixed: it is released there,
 * too. */
#include "kernel.h"

static mutex lock;
static bool closing;
static int stored;

static void store(chan_of(bool) begun, waitgroup *ended)
{
    chan_send(begun, true);
    mutex_lock(&lock);
    if (closing) {
#ifdef FIXED
        mutex_unlock(&lock);
#endif
        waitgroup_done(ended);
        return;
    }
    stored++;
    mutex_unlock(&lock);
    waitgroup_done(ended);
}

static void kernel(void)
{
    chan_of(bool) begun = chan_make(bool, 0);
    static waitgroup ended;
    waitgroup_add(&ended, 1);
    go(store, begun, &ended);
    chan_take(begun);
    mutex_lock(&lock);
    closing = true;
    mutex_unlock(&lock);
    waitgroup_wait(&ended);
    mutex_lock(&lock);
    stored = 0;
    mutex_unlock(&lock);
}
