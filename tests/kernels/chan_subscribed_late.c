/* Missing send: a subscriber says that it is there before it is on the list, and what is published in between goes to
 * nobody. Fixed: on the list first. */
#include "kernel.h"

static mutex lock;
static chan_of(int) subscribers[1];
static int count;

static void subscribe(chan_of(int) own)
{
    mutex_lock(&lock);
    subscribers[count++] = own;
    mutex_unlock(&lock);
}

static void await_value(chan_of(bool) there, waitgroup *ended)
{
    chan_of(int) own = chan_make(int, 1);
#ifdef FIXED
    subscribe(own);
    chan_send(there, true);
#else
    chan_send(there, true);
    subscribe(own);
#endif
    chan_take(own);
    waitgroup_done(ended);
}

static void kernel(void)
{
    static waitgroup ended;
    chan_of(bool) there = chan_make(bool, 0);
    waitgroup_add(&ended, 1);
    go(await_value, there, &ended);
    chan_take(there);
    mutex_lock(&lock);
    for (int i = 0; i < count; i++)
        chan_send(subscribers[i], 1);
    mutex_unlock(&lock);
    waitgroup_wait(&ended);
}
