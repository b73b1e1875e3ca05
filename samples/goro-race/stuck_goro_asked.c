/* The caller has no patience and forgets the channel: the worker's send has no receiver any more, while the program runs on. Who
 * asks is told; a leak that grows with each request is found before the end. */
#define GORO_SHORT_NAMES
#include <gorace/annotate.h>
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
    while (gorace_check_stuck() == 0)
        goro_yield(); /* until the worker has got so far */
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
