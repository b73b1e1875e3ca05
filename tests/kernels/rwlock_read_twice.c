/* RWMutex, writer priority: a reader calls another reader; a writer that comes to wait between the two read locks
 * keeps out the second, and waits for the first. Fixed: the inner one expects the lock to be held. */
#include "kernel.h"

static rwmutex lock;
static int value = 1;

static int get(void)
{
#ifndef FIXED
    goro_rwmutex_rlock(&lock);
#endif
    int seen = value;
#ifndef FIXED
    goro_rwmutex_runlock(&lock);
#endif
    return seen;
}

static void sum(void)
{
    goro_rwmutex_rlock(&lock);
    check(get() == get(), "changed under a read lock");
    goro_rwmutex_runlock(&lock);
}

static void set(void)
{
    goro_rwmutex_lock(&lock);
    value = 2;
    goro_rwmutex_unlock(&lock);
}

static void kernel(void)
{
    TOGETHER(set, sum);
}
