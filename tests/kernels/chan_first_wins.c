/* Missing receive: who asks gives up when it is cancelled, and nobody is left to take the answer. Fixed: the answer
 * has a place to wait. */
#include "kernel.h"

static void answer(chan_of(int) answers)
{
    chan_send(answers, 42);
}

static void cancel(chan_of(bool) cancelled)
{
    chan_close(cancelled);
}

static void kernel(void)
{
#ifdef FIXED
    chan_of(int) answers = chan_make(int, 1);
#else
    chan_of(int) answers = chan_make(int, 0);
#endif
    chan_of(bool) cancelled = chan_make(bool, 0);
    go(cancel, cancelled);
    go(answer, answers);
    int value;
    chan_select {
        recv_case(answers, &value) {
            break;
        }
        recv_case(cancelled, NULL) {
            break;
        }
    }
}
