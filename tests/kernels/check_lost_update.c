/* Atomicity violation, lost update: read and written under the lock, but not under one. Fixed: one. */
#include "kernel.h"

static mutex lock;
static int visits;

static int get(void)
{
    mutex_lock(&lock);
    int value = visits;
    mutex_unlock(&lock);
    return value;
}

static void visit(void)
{
#ifdef FIXED
    mutex_lock(&lock);
    visits++;
    mutex_unlock(&lock);
#else
    int next = get() + 1;
    mutex_lock(&lock);
    visits = next;
    mutex_unlock(&lock);
#endif
}

static void kernel(void)
{
    TOGETHER(visit, visit);
    check(get() == 2, "an update is lost");
}
