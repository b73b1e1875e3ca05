/* A pool's tasks that wait for tasks of the same pool: with as many of them as workers nobody is left to run what they
 * wait for. Fixed: workers for all. */
#include "kernel.h"

static struct goro_pool *pool;
static chan_of(bool) begun;

static void part(void *arg)
{
    waitgroup_done(arg);
}

static void task(void *arg)
{
    waitgroup parts = {0};
    if (arg)
        chan_send(begun, true);
    waitgroup_add(&parts, 1);
    goro_pool_submit(pool, part, &parts);
    waitgroup_wait(&parts);
}

static void kernel(void)
{
    begun = chan_make(bool, 0);
#ifdef FIXED
    pool = goro_pool_new(4, 4);
#else
    pool = goro_pool_new(2, 4);
#endif
    goro_pool_submit(pool, task, &pool);
    chan_take(begun);
    goro_pool_submit(pool, task, NULL);
    goro_pool_wait(pool);
    goro_pool_close(pool);
}
