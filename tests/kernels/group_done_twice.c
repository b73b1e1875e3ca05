/* Wait group, done twice: who finds the store busy says that he is done, and does so again at the end. Fixed: he
 * returns. */
#include "kernel.h"

static mutex lock;
static waitgroup running;
static int stored;

static void store(void)
{
    if (!mutex_trylock(&lock)) {
#ifdef FIXED
        waitgroup_done(&running);
        return;
#else
        waitgroup_done(&running);
#endif
    } else {
        stored++;
        mutex_unlock(&lock);
    }
    waitgroup_done(&running);
}

static void kernel(void)
{
    waitgroup_add(&running, 2);
    go(store);
    go(store);
    waitgroup_wait(&running);
}
