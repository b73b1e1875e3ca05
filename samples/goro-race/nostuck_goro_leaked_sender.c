/* The worker whose result nobody waits for: with room for it in the channel it sends, ends, and leaks nothing. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>

static waitgroup ended;

static void work(chan_of(int) result)
{
    chan_send(result, 42);
    waitgroup_done(&ended);
}

static void request(void)
{
    chan_of(int) result = chan_make(int, 1);
    waitgroup_add(&ended, 1);
    go(work, result);
}

static int start(void *arg)
{
    (void)arg;
    request();
    waitgroup_wait(&ended);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
