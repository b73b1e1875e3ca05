/* The caller has no patience and leaves; the worker's send has no receiver any more, for ever, and the channel is known to
 * nobody else. One such worker a request is a leak. Room for one value would let it end. */
#define GORO_SHORT_NAMES
#include "waiting.h"
#include <goro/goro.h>

static void work(chan_of(int) result)
{
    chan_send(result, 42); // WAITS
}

static __attribute__((noinline)) void request(void)
{
    chan_of(int) result = chan_make(int, 0);
    go(work, result); /* and does not wait for it */
}

static int start(void *arg)
{
    (void)arg;
    request();
    await_waiting("chan send", 1); /* the worker gets as far as it can */
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
