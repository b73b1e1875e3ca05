/* Condition, flag outside of the lock: it is set and signalled without the lock, between the waiter's look and his
 * wait. Fixed: under it. */
#include "kernel.h"

static mutex lock;
static goro_cond changed;
static int stopped;

static void await_stop(void)
{
    mutex_lock(&lock);
    while (!goro_atomic_load(&stopped))
        goro_cond_wait(&changed, &lock);
    mutex_unlock(&lock);
}

static void stop(void)
{
#ifdef FIXED
    mutex_lock(&lock);
#endif
    goro_atomic_store(&stopped, 1);
    goro_cond_signal(&changed);
#ifdef FIXED
    mutex_unlock(&lock);
#endif
}

static void kernel(void)
{
    TOGETHER(stop, await_stop);
}
