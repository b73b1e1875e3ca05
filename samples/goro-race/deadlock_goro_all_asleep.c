/* All asleep: main waits for a worker, the worker for main. No descriptor, timer or thread is left that could wake one. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>

static void work(chan_of(int) requests, chan_of(int) results)
{
    chan_send(results, chan_take(requests) + 1); // WAITS
}

static int start(void *arg)
{
    chan_of(int) requests = chan_make(int, 0), results = chan_make(int, 0);
    (void)arg;
    go(work, requests, results);
    chan_take(results); // WAITS
    chan_send(requests, 1);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
