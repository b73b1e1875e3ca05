/* Missed check: who sees an element in the channel receives without fear of waiting, but so does another one. Fixed: a
 * receive that does not wait. */
#include "kernel.h"

static chan_of(int) values;

static void take(void)
{
#ifdef FIXED
    int value;
    chan_try_recv(values, &value);
#else
    if (chan_len(values) > 0)
        chan_take(values);
#endif
}

static void kernel(void)
{
    values = chan_make(int, 1);
    chan_send(values, 1);
    TOGETHER(take, take);
}
