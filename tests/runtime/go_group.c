/* Groups as golang.org/x/sync/errgroup means them, pools and queues, in our words. docs/goro-tests.md says which test is where. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <string.h>

#include "parked.h"

static int fail_with(void *arg)
{
    return *(const int *)arg;
}

static int yield_then_fail_with(void *arg)
{
    for (int i = 0; i < 10; i++)
        yield();
    return *(const int *)arg;
}

GORO_TEST(zero_group_gives_the_first_error)
{
    static const int results[][3] = {{0, 0, 0}, {-EIO, 0, 0}, {0, 0, -EPERM}, {0, -EIO, 0}};
    static const int want[] = {0, -EIO, -EPERM, -EIO};
    for (int i = 0; i < 4; i++) {
        goro_group g = {0};
        for (int k = 0; k < 3; k++)
            CHECK_EQ(goro_group_go(&g, fail_with, (void *)&results[i][k]), 0);
        CHECK_EQ(goro_group_wait(&g), want[i]);
    }
    goro_group empty = {0};
    CHECK_EQ(goro_group_wait(&empty), 0);
}

/* With one at a time the order is known: the first error counts, not the last. */
GORO_TEST(later_errors_do_not_count)
{
    static const int results[] = {0, -EIO, -EPERM, 0};
    goro_group g = {0};
    goro_group_limit(&g, 1);
    for (int i = 0; i < 4; i++)
        goro_group_go(&g, yield_then_fail_with, (void *)&results[i]);
    CHECK_EQ(goro_group_wait(&g), -EIO);
}

static int wait_for_end(void *arg)
{
    chan_recv(goro_context_done(arg), NULL);
    return goro_context_err(arg);
}

GORO_TEST(first_error_cancels_the_context)
{
    static const int failure = -EIO, success = 0;
    for (int i = 0; i < 3; i++) {
        goro_group g;
        goro_group_init(&g, NULL);
        struct goro_context *c = goro_context_retain(goro_group_context(&g));
        for (int k = 0; k < i; k++)
            goro_group_go(&g, wait_for_end, c); /* these would never end by themselves */
        goro_group_go(&g, yield_then_fail_with, (void *)(i ? &failure : &success));
        CHECK_EQ(goro_group_wait(&g), i ? failure : 0);
        CHECK_EQ(goro_context_err(c), -ECANCELED); /* wait ends the context in any case */
        goro_context_release(c);
    }
}

GORO_TEST(end_of_the_parent_reaches_the_group)
{
    struct goro_context *parent = goro_context_with_cancel(goro_context_background());
    goro_group g;
    goro_group_init(&g, parent);
    for (int i = 0; i < 5; i++)
        goro_group_go(&g, wait_for_end, goro_group_context(&g));
    goro_context_cancel(parent, 0);
    CHECK_EQ(goro_group_wait(&g), -ECANCELED);
    goro_context_release(parent);
}

static int active, most, total;

static int count_active(void *arg)
{
    int now = goro_atomic_add(&active, 1), seen = goro_atomic_load(&most);
    (void)arg;
    while (now > seen && !goro_atomic_cas(&most, seen, now))
        seen = goro_atomic_load(&most);
    for (int i = 0; i < 3; i++)
        yield();
    goro_atomic_add(&active, -1);
    goro_atomic_add(&total, 1);
    return 0;
}

GORO_TEST(limit_holds)
{
    static const int limits[] = {1, 3, 10};
    for (int i = 0; i < 3; i++) {
        goro_group g = {0};
        active = most = total = 0;
        goro_group_limit(&g, limits[i]);
        for (int k = 0; k < 300; k++)
            CHECK_EQ(goro_group_go(&g, count_active, NULL), 0);
        CHECK_EQ(goro_group_wait(&g), 0);
        CHECK_EQ(total, 300);
        CHECK(most <= limits[i] && most >= 1);
    }
}

static int wait_for_gate(void *arg)
{
    chan_recv(*(chan_of(int) *)arg, NULL);
    return 0;
}

GORO_TEST(try_go)
{
    enum { N = 3 };
    chan_of(int) gate = chan_make(int, 0);
    goro_group g = {0};
    goro_group_limit(&g, N);
    for (int i = 0; i < N; i++)
        CHECK(goro_group_try_go(&g, wait_for_gate, &gate));
    CHECK(!goro_group_try_go(&g, wait_for_gate, &gate));
    chan_send(gate, 1);
    while (!goro_group_try_go(&g, wait_for_gate, &gate)) /* one has ended: there is room again */
        yield();
    CHECK(!goro_group_try_go(&g, wait_for_gate, &gate));
    chan_close(gate);
    CHECK_EQ(goro_group_wait(&g), 0);
    goro_group unlimited = {0};
    for (int i = 0; i < 100; i++)
        CHECK(goro_group_try_go(&unlimited, wait_for_gate, &gate));
    CHECK_EQ(goro_group_wait(&unlimited), 0);
    chan_free(gate);
}

/* ---- pool ---- */

static void count_task(void *arg)
{
    count_active(arg);
}

GORO_TEST(pool_runs_everything_with_so_many_workers)
{
    for (int workers = 1; workers <= 4; workers += 3) {
        for (size_t backlog = 0; backlog < 20; backlog += 10) {
            struct goro_pool *p = goro_pool_new(workers, backlog);
            active = most = total = 0;
            for (int i = 0; i < 500; i++)
                CHECK_EQ(goro_pool_submit(p, count_task, NULL), 0);
            goro_pool_wait(p);
            CHECK_EQ(total, 500);
            CHECK(most <= workers);
            for (int i = 0; i < 50; i++)
                CHECK_EQ(goro_pool_submit(p, count_task, NULL), 0);
            goro_pool_close(p); /* waits for those */
            CHECK_EQ(total, 550);
        }
    }
    while (goro_num_goroutines() > 1)
        yield();
}

static chan_of(int) pool_gate;
static int at_gate;

static void task_at_gate(void *arg)
{
    (void)arg;
    goro_atomic_add(&at_gate, 1);
    chan_recv(pool_gate, NULL);
}

GORO_TEST(full_pool_refuses)
{
    struct goro_pool *p = goro_pool_new(2, 3);
    int accepted = 0;
    at_gate = 0;
    pool_gate = chan_make(int, 0);
    CHECK_EQ(goro_pool_submit(p, task_at_gate, NULL), 0);
    CHECK_EQ(goro_pool_submit(p, task_at_gate, NULL), 0);
    while (goro_atomic_load(&at_gate) < 2)
        yield();
    while (goro_pool_try_submit(p, task_at_gate, NULL) == 0)
        accepted++;
    CHECK_EQ(accepted, 3);
    CHECK_EQ(goro_pool_try_submit(p, task_at_gate, NULL), -EAGAIN);
    chan_close(pool_gate);
    goro_pool_wait(p);
    CHECK_EQ(at_gate, 5);
    goro_pool_close(p);
    chan_free(pool_gate);
}

/* ---- unbounded queue ---- */

static void push_numbers(struct goro_queue *q, int from, int n, waitgroup *done)
{
    for (int i = from; i < from + n; i++)
        CHECK_EQ(goro_queue_push(q, &i), 0);
    waitgroup_done(done);
}

static void pop_all(struct goro_queue *q, char *seen, waitgroup *done)
{
    int v, result;
    while ((result = goro_queue_pop(q, &v, GORO_FOREVER)) == 1)
        goro_atomic_add(&seen[v], 1);
    CHECK_EQ(result, 0);
    waitgroup_done(done);
}

GORO_TEST(queue_in_order)
{
    struct goro_queue *q = goro_queue_new(sizeof(int));
    int v = 9;
    CHECK_EQ(goro_queue_try_pop(q, &v), -EAGAIN);
    CHECK_EQ(goro_queue_pop(q, &v, goro_now() + 1000), -ETIMEDOUT);
    CHECK_EQ(v, 9);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3000; i++)
            CHECK_EQ(goro_queue_push(q, &i), 0);
        CHECK_EQ(goro_queue_len(q), 3000);
        for (int i = 0; i < 3000; i++) {
            CHECK_EQ(i % 2 ? goro_queue_pop(q, &v, GORO_FOREVER) : goro_queue_try_pop(q, &v), 1);
            CHECK_EQ(v, i);
        }
    }
    goro_queue_push(q, &v);
    goro_queue_close(q);
    CHECK_EQ(goro_queue_push(q, &v), -EPIPE);
    CHECK_EQ(goro_queue_pop(q, &v, GORO_FOREVER), 1);
    CHECK_EQ(goro_queue_pop(q, &v, GORO_FOREVER), 0);
    CHECK_EQ(goro_queue_try_pop(q, &v), 0);
    goro_queue_free(q);
}

GORO_TEST(queue_of_many)
{
    enum { PUSHERS = 4, POPPERS = 5, EACH = 5000 };
    struct goro_queue *q = goro_queue_new(sizeof(int));
    static char seen[PUSHERS * EACH];
    waitgroup pushing = {0}, popping = {0};
    memset(seen, 0, sizeof seen);
    waitgroup_add(&pushing, PUSHERS);
    waitgroup_add(&popping, POPPERS);
    for (int i = 0; i < POPPERS; i++)
        go(pop_all, q, seen, &popping);
    for (int i = 0; i < PUSHERS; i++)
        go(push_numbers, q, i * EACH, EACH, &pushing);
    waitgroup_wait(&pushing);
    goro_queue_close(q);
    waitgroup_wait(&popping);
    for (int i = 0; i < PUSHERS * EACH; i++)
        CHECK_EQ(seen[i], 1);
    goro_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_group_gives_the_first_error),
        cmocka_unit_test(later_errors_do_not_count),
        cmocka_unit_test(first_error_cancels_the_context),
        cmocka_unit_test(end_of_the_parent_reaches_the_group),
        cmocka_unit_test(limit_holds),
        cmocka_unit_test(try_go),
        cmocka_unit_test(pool_runs_everything_with_so_many_workers),
        cmocka_unit_test(full_pool_refuses),
        cmocka_unit_test(queue_in_order),
        cmocka_unit_test(queue_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
