/* Wait group, done missing: on the way out through `stop` the worker forgets to say that it is done. Fixed: on both
 * ways. */
#include "kernel.h"

static waitgroup running;

static void work(chan_of(int) pieces, chan_of(bool) first, chan_of(bool) stop)
{
    for (int i = 0; i < 2; i++) {
        bool stopped = false;
        chan_select {
            recv_case(stop, NULL) {
                stopped = true;
            }
            recv_case(pieces, NULL) {
                stopped = false;
            }
        }
        if (stopped) {
#ifdef FIXED
            waitgroup_done(&running);
#endif
            return;
        }
        if (i == 0)
            chan_send(first, true);
    }
    waitgroup_done(&running);
}

static void kernel(void)
{
    chan_of(int) pieces = chan_make(int, 2);
    chan_of(bool) first = chan_make(bool, 0), stop = chan_make(bool, 0);
    chan_send(pieces, 1);
    chan_send(pieces, 2);
    waitgroup_add(&running, 1);
    go(work, pieces, first, stop);
    chan_take(first);
    chan_close(stop);
    waitgroup_wait(&running);
}
