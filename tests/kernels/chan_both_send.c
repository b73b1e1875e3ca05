/* Two that send to each other: each looks into its inbox, and if there is nothing sends and waits for the answer. Both
 * may look before either sends. Fixed: while it sends, each receives as well. */
#include "kernel.h"

static chan_of(int) inbox[2];

static void peer(int self)
{
    int message;
    if (chan_try_recv(inbox[self], &message) == 1)
        return;
#ifdef FIXED
    chan_select {
        send_case(inbox[!self], 1) {
            break;
        }
        recv_case(inbox[self], &message) {
            break;
        }
    }
#else
    chan_send(inbox[!self], 1);
#endif
}

static void one(void)
{
    peer(0);
}

static void other(void)
{
    peer(1);
}

static void kernel(void)
{
    inbox[0] = chan_make(int, 0);
    inbox[1] = chan_make(int, 0);
    TOGETHER(one, other);
}
