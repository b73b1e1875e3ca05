/* A receive writes its variable, in the receiver's own code. That the value came through a channel orders the send with it, not
 * what others read there. */
#include "goro_await.h"

static struct schedule s;
static int latest;

static void consume(goro_chan_of(int) values)
{
    goro_chan_recv(values, &latest); // RACE consume
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int) values = goro_chan_make(int, 1);
    goro_go(consume, values);
    goro_chan_send(values, 1);
    goro_await(&s, 1);
    return latest != 1; // RACE start
}

int main(void)
{
    return goro_run(start, NULL);
}
