/* A channel is closed by the one who has had enough, not by the one who sends. This time the send came first; the next time it
 * panics. The two are a race on the channel. */
#include "goro_await.h"

static struct schedule s;

static void produce(goro_chan_of(int) out)
{
    goro_chan_send(out, 1); // RACE produce
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int) in = goro_chan_make(int, 10);
    goro_go(produce, in);
    goro_await(&s, 1);
    goro_chan_close(in); // RACE start
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
