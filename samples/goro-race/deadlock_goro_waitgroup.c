/* A wait group that never comes to zero: one path through the worker has no done. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>

static waitgroup done;

static void work(int number)
{
    if (number == 2)
        return;
    waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    waitgroup_add(&done, 4);
    for (int i = 0; i < 4; i++)
        go(work, i);
    waitgroup_wait(&done); // WAITS
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
