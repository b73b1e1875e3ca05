/* Order violation: stop does nothing to a server that does not run yet; it then runs for ever. Fixed: a stop that came
 * early is remembered. */
#include "kernel.h"

static mutex lock;
static bool runs, stopped;
static chan_of(bool) quit;

static void serve(chan_of(bool) begun, waitgroup *ended)
{
    chan_send(begun, true);
    mutex_lock(&lock);
    runs = true;
#ifdef FIXED
    bool serves = !stopped;
#else
    bool serves = true;
#endif
    mutex_unlock(&lock);
    if (serves)
        chan_take(quit);
    waitgroup_done(ended);
}

static void kernel(void)
{
    static waitgroup ended;
    chan_of(bool) begun = chan_make(bool, 0);
    quit = chan_make(bool, 1);
    waitgroup_add(&ended, 1);
    go(serve, begun, &ended);
    chan_take(begun);
    mutex_lock(&lock);
    stopped = true;
    if (runs)
        chan_send(quit, true);
    mutex_unlock(&lock);
    waitgroup_wait(&ended);
}
