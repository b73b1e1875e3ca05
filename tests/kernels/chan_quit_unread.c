/* Missing receive: a worker is told to quit by a value, which nobody takes if it has ended by itself because there is
 * no more work. Fixed: told by a close. */
#include "kernel.h"

static void work(chan_of(int) pieces, chan_of(bool) quit, chan_of(bool) begun)
{
    bool more;
    chan_send(begun, true);
    chan_select {
        recv_case_ok(pieces, NULL, &more) {
            return;
        }
        recv_case(quit, NULL) {
            return;
        }
    }
}

static void no_more_work(chan_of(int) pieces)
{
    chan_close(pieces);
}

static void kernel(void)
{
    chan_of(int) pieces = chan_make(int, 0);
    chan_of(bool) quit = chan_make(bool, 0), begun = chan_make(bool, 0);
    go(work, pieces, quit, begun);
    chan_take(begun);
    go(no_more_work, pieces);
#ifdef FIXED
    chan_close(quit);
#else
    chan_send(quit, true);
#endif
}
