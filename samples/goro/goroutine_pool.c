/* Lesson: goro_pool runs submitted tasks on a fixed number of goroutines and makes submit wait while its backlog is full: back
 * pressure instead of a heap of waiting work. Goroutines are cheap, so a pool is for what stands behind them (memory,
 * connections, the disk), not to save goroutines. */
#include <goro/goro.h>
#include <stdio.h>

enum { WORKERS = 4, TASKS = 500 };

static int running, most, ran;

static void task(void *arg)
{
    int now = goro_atomic_add(&running, 1), seen = goro_atomic_load(&most);
    (void)arg;
    while (now > seen && !goro_atomic_cas(&most, seen, now))
        seen = goro_atomic_load(&most);
    goro_yield(); /* lets others in: the limit has to hold without our help */
    goro_atomic_add(&ran, 1);
    goro_atomic_add(&running, -1);
}

static int start(void *arg)
{
    struct goro_pool *pool = goro_pool_new(WORKERS, 8);
    int refused = 0;
    (void)arg;

    for (int i = 0; i < TASKS; i++)
        refused += goro_pool_submit(pool, task, NULL) != 0;
    goro_pool_wait(pool);
    printf("%d of %d tasks ran, at most %d at a time\n", ran, TASKS, most);
    bool right = ran == TASKS && refused == 0 && most >= 1 && most <= WORKERS;
    goro_pool_close(pool);
    return right ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
