/* Double close: two that stop the same thing both see that nobody has done it. Fixed: seen and done under one lock. */
#include "kernel.h"

static mutex lock;
static bool stopped;
static chan_of(bool) quit;

static void stop(void)
{
    mutex_lock(&lock);
    bool first = !stopped;
#ifdef FIXED
    stopped = true;
#endif
    mutex_unlock(&lock);
    if (!first)
        return;
    chan_close(quit);
    mutex_lock(&lock);
    stopped = true;
    mutex_unlock(&lock);
}

static void kernel(void)
{
    quit = chan_make(bool, 0);
    TOGETHER(stop, stop);
}
