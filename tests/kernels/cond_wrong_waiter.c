/* Condition, wrong waiter: those who wait for room and those who wait for a value share a condition, and one signal
 * goes to whoever has waited longest. Fixed: broadcast. */
#include "kernel.h"

static mutex lock;
static goro_cond changed;
static bool full;

static void tell(void)
{
#ifdef FIXED
    goro_cond_broadcast(&changed);
#else
    goro_cond_signal(&changed);
#endif
}

static void become(bool state)
{
    mutex_lock(&lock);
    while (full == state)
        goro_cond_wait(&changed, &lock);
    full = state;
    tell();
    mutex_unlock(&lock);
}

static void put(void)
{
    become(true);
}

static void take(void)
{
    become(false);
}

static void kernel(void)
{
    TOGETHER(put, take, put, take);
}
