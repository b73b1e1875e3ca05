/* A send on a buffered channel does not wait for the receive: what the sender does after it is not ordered with what the
 * receiver did before. With capacity 0 it would be (norace_goro_unbuffered). */
#include "goro_await.h"

static struct schedule s;
int result;

static void work(goro_chan_of(int) started)
{
    goro_chan_send(started, 1);
    result = 1; // RACE work
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int) started = goro_chan_make(int, 1);
    goro_go(work, started);
    goro_await(&s, 1);
    result = 2; // RACE start
    goro_chan_take(started);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
