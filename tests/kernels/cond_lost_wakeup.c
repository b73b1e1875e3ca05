/* Condition, lost wake-up: the flag is looked at under the lock, but the lock is given back before the wait takes it
 * again; a signal in between wakes nobody. Fixed: looked at and waited for under one lock, in a loop. */
#include "kernel.h"

static mutex lock;
static goro_cond changed;
static bool ready;

static void wait_for_it(void)
{
#ifdef FIXED
    mutex_lock(&lock);
    while (!ready)
        goro_cond_wait(&changed, &lock);
    mutex_unlock(&lock);
#else
    mutex_lock(&lock);
    bool seen = ready;
    mutex_unlock(&lock);
    if (seen)
        return;
    mutex_lock(&lock);
    goro_cond_wait(&changed, &lock);
    mutex_unlock(&lock);
#endif
}

static void make_ready(void)
{
    mutex_lock(&lock);
    ready = true;
    goro_cond_signal(&changed);
    mutex_unlock(&lock);
}

static void kernel(void)
{
    TOGETHER(make_ready, wait_for_it);
}
