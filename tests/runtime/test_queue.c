/* The unbounded queue: order of elements and of waiters, hand-over, deadlines, close, sizes. */
#include "run.h"

#include <string.h>

#include "parked.h"

enum { WAITERS = 5 };

static struct rt_g *places[WAITERS];
static int got[WAITERS], result[WAITERS];

static void pop_one(struct goro_queue *q, int i)
{
    got[i] = -1;
    HERE(places[i]);
    goro_atomic_store(&result[i], goro_queue_pop(q, &got[i], GORO_FOREVER));
    HERE(places[i]);
    goro_yield();
}

static void park_all(struct goro_queue *q)
{
    for (int i = 0; i < WAITERS; i++) {
        places[i] = NULL;
        result[i] = -2;
        goro_go(pop_one, q, i);
        until_parked(&places[i], RT_REASON_QUEUE);
    }
}

static void until_ended(void)
{
    while (goro_num_goroutines() > 1)
        goro_yield();
}

GORO_TEST(waiters_are_served_in_order)
{
    struct goro_queue *q = goro_queue_new(sizeof(int));
    park_all(q);
    for (int i = 0; i < WAITERS; i++) {
        CHECK_EQ(goro_queue_push(q, &(int){10 + i}), 0);
        CHECK_EQ(goro_queue_len(q), 0); /* handed over */
    }
    until_ended();
    for (int i = 0; i < WAITERS; i++) {
        CHECK_EQ(result[i], 1);
        CHECK_EQ(got[i], 10 + i);
    }
    goro_queue_free(q);
}

GORO_TEST(close_wakes_all)
{
    struct goro_queue *q = goro_queue_new(sizeof(int));
    park_all(q);
    goro_queue_close(q);
    until_ended();
    for (int i = 0; i < WAITERS; i++)
        CHECK_EQ(result[i], 0);
    CHECK_EQ(goro_queue_push(q, &(int){1}), -EPIPE);
    CHECK_EQ(goro_queue_pop(q, NULL, goro_now() - 1), 0);
    goro_queue_free(q);
}

/* A push never finds one who has given up: nothing is lost between a deadline and a push. */
static void pop_until_closed(struct goro_queue *q, long *sum, goro_waitgroup *done)
{
    int v, r, timeouts = 0;
    while ((r = goro_queue_pop(q, &v, goro_now() + (timeouts % 7) * GORO_MICROSECOND)) != 0) {
        if (r == 1)
            goro_atomic_add(sum, v);
        else
            timeouts++;
        CHECK(r == 1 || r == -ETIMEDOUT);
    }
    goro_waitgroup_done(done);
}

GORO_TEST(deadlines_lose_nothing)
{
    enum { N = 20000 };
    struct goro_queue *q = goro_queue_new(sizeof(int));
    goro_waitgroup done = {0};
    long sum = 0;
    goro_waitgroup_add(&done, WAITERS);
    for (int i = 0; i < WAITERS; i++)
        goro_go(pop_until_closed, q, &sum, &done);
    for (int i = 1; i <= N; i++) {
        goro_queue_push(q, &i);
        if (i % 50 == 0)
            goro_yield();
    }
    goro_queue_close(q);
    goro_waitgroup_wait(&done);
    CHECK_EQ(sum, (long)N * (N + 1) / 2);
    goro_queue_free(q);
}

static void of_size(size_t size)
{
    char in[9000], out[9000];
    struct goro_queue *q = goro_queue_new(size);
    int pushed = 0, popped = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < round % 13; i++) {
            memset(in, pushed++, size);
            CHECK_EQ(goro_queue_push(q, in), 0);
        }
        for (int i = 0; i < round % 11 && popped < pushed; i++) {
            memset(in, popped++, size);
            CHECK_EQ(goro_queue_pop(q, out, GORO_FOREVER), 1);
            CHECK_EQ(memcmp(in, out, size), 0);
        }
        CHECK_EQ(goro_queue_len(q), pushed - popped);
    }
    goro_queue_free(q); /* with elements in it */
}

GORO_TEST(sizes)
{
    static const size_t sizes[] = {0, 1, 3, 8, 24, 1000, 1364, 4088, 9000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        of_size(sizes[i]);
    CHECK(goro_queue_new(SIZE_MAX) == NULL);
    goro_queue_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiters_are_served_in_order),
        cmocka_unit_test(close_wakes_all),
        cmocka_unit_test(deadlines_lose_nothing),
        cmocka_unit_test(sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
