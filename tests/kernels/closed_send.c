/* Send on a closed channel: whether it is closed is looked up under the lock, and sent without it. Fixed: both under
 * the lock. */
#include "kernel.h"

static mutex lock;
static bool closed;
static chan_of(int) values;
#ifndef FIXED
static int sent;
#endif

static void pass(void)
{
    mutex_lock(&lock);
    bool open = !closed;
#ifdef FIXED
    if (open)
        chan_send(values, 1);
    mutex_unlock(&lock);
#else
    mutex_unlock(&lock);
    if (open)
        chan_send(values, 1);
    mutex_lock(&lock);
    sent++;
    mutex_unlock(&lock);
#endif
}

static void shut(void)
{
    mutex_lock(&lock);
    closed = true;
    chan_close(values);
    mutex_unlock(&lock);
}

static void kernel(void)
{
    values = chan_make(int, 1);
    TOGETHER(shut, pass);
}
