/* Two goroutines, two mutexes, opposite orders. That main waits for both makes it a deadlock of the whole program. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>

static mutex a, b;
static waitgroup done, both;

static void take(mutex *first, mutex *second)
{
    mutex_lock(first); // HELD
    waitgroup_done(&both);
    waitgroup_wait(&both);
    mutex_lock(second); // WAITS
    mutex_unlock(second);
    mutex_unlock(first);
    waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    waitgroup_add(&both, 2);
    waitgroup_add(&done, 2);
    go(take, &a, &b);
    go(take, &b, &a);
    waitgroup_wait(&done);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
