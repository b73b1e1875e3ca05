/* A range over a channel ends with its close, which the producer forgets. It has gone, and so has the channel: the consumer can
 * never go on, while the program can, and ends. */
#define GORO_SHORT_NAMES
#include "waiting.h"
#include <goro/goro.h>

static void consume(recv_chan_of(int) in)
{
    chan_range(in, value) // WAITS
        (void)value;
}

static __attribute__((noinline)) void produce(void)
{
    chan_of(int) values = chan_make(int, 4);
    go(consume, to_recv(values));
    for (int i = 0; i < 10; i++)
        chan_send(values, i);
}

static int start(void *arg)
{
    (void)arg;
    produce();
    await_waiting("chan receive", 1); /* the consumer gets as far as it can */
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
