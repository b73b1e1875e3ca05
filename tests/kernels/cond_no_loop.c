/* Condition, no loop: who is woken does not look again; another one has taken the element meanwhile. Fixed: a loop. */
#include "kernel.h"

static mutex lock;
static goro_cond changed;
static int elements;

static void take(void)
{
    mutex_lock(&lock);
#ifdef FIXED
    while (!elements)
#else
    if (!elements)
#endif
        goro_cond_wait(&changed, &lock);
    check(--elements >= 0, "taken from an empty queue");
    mutex_unlock(&lock);
}

static void put(void)
{
    for (int i = 0; i < 2; i++) {
        mutex_lock(&lock);
        elements++;
        goro_cond_signal(&changed);
        mutex_unlock(&lock);
    }
}

static void kernel(void)
{
    TOGETHER(take, take, put);
}
