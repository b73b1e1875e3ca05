/* Lost notice: it is sent without waiting on a channel without a buffer, and dropped when the other one has looked but
 * does not receive yet. Fixed: a buffer of one. */
#include "kernel.h"

static mutex lock;
static bool ready;
static chan_of(bool) notice;

static void wait_for_it(void)
{
    mutex_lock(&lock);
    bool seen = ready;
    mutex_unlock(&lock);
    if (!seen)
        chan_take(notice);
}

static void make_ready(void)
{
    mutex_lock(&lock);
    ready = true;
    mutex_unlock(&lock);
    chan_try_send(notice, true);
}

static void kernel(void)
{
#ifdef FIXED
    notice = chan_make(bool, 1);
#else
    notice = chan_make(bool, 0);
#endif
    TOGETHER(make_ready, wait_for_it);
}
