/* The worker pool: shutdown while others submit, tasks that end their goroutine, waiting. */
#include "run.h"

#include "parked.h"

static int ran;

static void count(void *arg)
{
    (void)arg;
    goro_atomic_add(&ran, 1);
}

static void count_and_exit(void *arg)
{
    count(arg);
    goro_exit();
}

/* Workers that are taken away by their task are replaced: with one worker the next task shows it. */
GORO_TEST(tasks_that_end_their_goroutine)
{
    struct goro_pool *p = goro_pool_new(1, 2);
    ran = 0;
    for (int i = 0; i < 100; i++)
        CHECK_EQ(goro_pool_submit(p, i % 3 ? count_and_exit : count, NULL), 0);
    goro_pool_wait(p);
    CHECK_EQ(ran, 100);
    goro_pool_submit(p, count_and_exit, NULL);
    goro_pool_close(p);
    CHECK_EQ(ran, 101);
    while (goro_num_goroutines() > 1)
        goro_yield();
}

static int accepted, refused;
static bool closing;

static void submit_until_closed(struct goro_pool *p, goro_waitgroup *done)
{
    int result;
    while ((result = goro_pool_submit(p, count, NULL)) == 0)
        goro_atomic_add(&accepted, 1);
    CHECK_EQ(result, -EPIPE);
    CHECK(goro_atomic_load(&closing));
    goro_atomic_add(&refused, 1);
    goro_waitgroup_done(done);
}

static goro_chan_of(int) gate;

static void wait_at_gate(void *arg)
{
    (void)arg;
    goro_chan_recv(gate, NULL);
}

static void open_gate_when_refused(int submitters)
{
    while (goro_atomic_load(&refused) < submitters)
        goro_yield();
    goro_chan_close(gate);
}

/* All who submit while it is closed are either accepted, and then their task runs, or refused. A task that waits for the refusals
 * keeps close from freeing the pool under them. */
GORO_TEST(close_while_others_submit)
{
    enum { SUBMITTERS = 6 };
    for (int round = 0; round < 24; round++) {
        struct goro_pool *p = goro_pool_new(2, (size_t)round % 3);
        goro_waitgroup done = {0};
        ran = accepted = refused = 0;
        closing = false;
        gate = goro_chan_make(int, 0);
        goro_pool_submit(p, wait_at_gate, NULL);
        goro_waitgroup_add(&done, SUBMITTERS);
        for (int i = 0; i < SUBMITTERS; i++)
            goro_go(submit_until_closed, p, &done);
        goro_go(open_gate_when_refused, SUBMITTERS);
        for (int i = 0; i < round % 3; i++) /* each lasts a time slice: submitters and workers wake one another */
            goro_yield();
        goro_atomic_store(&closing, true);
        goro_pool_close(p);
        goro_waitgroup_wait(&done);
        CHECK_EQ(ran, accepted);
        goro_chan_free(gate);
        while (goro_num_goroutines() > 1)
            goro_yield();
    }
}

static struct rt_g *waiting[3];

static void wait_for_all(struct goro_pool *p, int i, int *awake)
{
    HERE(waiting[i]);
    goro_pool_wait(p);
    goro_atomic_add(awake, 1);
    goro_yield();
}

GORO_TEST(several_wait)
{
    struct goro_pool *p = goro_pool_new(3, 0);
    int awake = 0;
    goro_pool_wait(p); /* nothing to wait for */
    gate = goro_chan_make(int, 0);
    goro_pool_submit(p, wait_at_gate, NULL);
    for (int i = 0; i < 3; i++) {
        goro_go(wait_for_all, p, i, &awake);
        until_parked(&waiting[i], RT_REASON_POOL);
    }
    CHECK_EQ(goro_atomic_load(&awake), 0);
    goro_chan_close(gate);
    goro_pool_close(p);
    while (goro_atomic_load(&awake) < 3)
        goro_yield();
    goro_chan_free(gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_that_end_their_goroutine),
        cmocka_unit_test(close_while_others_submit),
        cmocka_unit_test(several_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
