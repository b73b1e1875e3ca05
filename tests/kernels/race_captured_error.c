/* Data race on a captured variable: the child writes the error of its parent, which reads it also when it was
 * cancelled and the child still runs. Fixed: the error comes with the message. */
#include "kernel.h"

static void child(int *error, chan_of(bool) begun, chan_of(int) ended)
{
    chan_send(begun, true);
    *error = -EIO;
    chan_send(ended, -EIO);
}

static void cancel(chan_of(bool) cancelled)
{
    chan_close(cancelled);
}

static void kernel(void)
{
    static int error;
    chan_of(int) ended = chan_make(int, 1);
    chan_of(bool) begun = chan_make(bool, 0), cancelled = chan_make(bool, 0);
    int result = 0;
    go(child, &error, begun, ended);
    chan_take(begun);
    go(cancel, cancelled);
    chan_select {
        recv_case(ended, &result) {
            break;
        }
        recv_case(cancelled, NULL) {
            result = -ECANCELED;
        }
    }
#ifndef FIXED
    if (error)
        result = error;
#endif
    check(result < 0, "no error");
}
