/* Contexts beyond what go_context.c asks: functions after the end, deep and wide trees, ends that race with releases. */
#include "run.h"

#include "parked.h"

static int ran;

static void count(void *arg)
{
    goro_atomic_add(&ran, *(int *)arg);
}

static void until_ran(int want)
{
    while (goro_atomic_load(&ran) < want || goro_num_goroutines() > 1)
        goro_yield();
    CHECK_EQ(ran, want);
}

GORO_TEST(functions_after_the_end)
{
    struct goro_context *c = goro_context_with_cancel(goro_context_background());
    int one = 1, ten = 10, hundred = 100;
    ran = 0;
    struct goro_context *runs = goro_context_after_func(c, count, &one);
    struct goro_context *stopped = goro_context_after_func(c, count, &ten);
    struct goro_context *released = goro_context_after_func(c, count, &ten);
    CHECK(goro_context_stop_func(stopped));
    CHECK(!goro_context_stop_func(stopped));
    goro_context_release(released);
    goro_context_cancel(c, -EIO);
    until_ran(1);
    CHECK(!goro_context_stop_func(runs));
    CHECK_EQ(goro_context_cause(runs), -EIO);
    struct goro_context *late = goro_context_after_func(c, count, &hundred);
    until_ran(101);
    CHECK(!goro_context_stop_func(late));
    goro_context_release(late);
    goro_context_release(stopped);
    goro_context_release(runs);
    goro_context_release(c);
}

static void stop_and_count(struct goro_context *after, int *stopped, goro_waitgroup *done)
{
    goro_atomic_add(stopped, goro_context_stop_func(after));
    goro_context_release(after);
    goro_waitgroup_done(done);
}

/* Each function either runs or is stopped. */
GORO_TEST(stops_race_with_the_end)
{
    enum { N = 50, ROUNDS = 40 };
    int stopped = 0, one = 1;
    ran = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct goro_context *c = goro_context_with_cancel(goro_context_background());
        goro_waitgroup done = {0};
        goro_waitgroup_add(&done, N);
        for (int i = 0; i < N; i++)
            goro_go(stop_and_count, goro_context_after_func(c, count, &one), &stopped, &done);
        for (int i = 0; i < round % 5; i++)
            goro_yield();
        goro_context_cancel(c, 0);
        goro_waitgroup_wait(&done);
        goro_context_release(c);
    }
    until_ran(N * ROUNDS - stopped);
}

/* No recursion: neither the end nor the release of a long chain may need a stack as deep. */
GORO_TEST(long_chain)
{
    enum { DEPTH = 50000 };
    struct goro_context *top = goro_context_with_cancel(goro_context_background()), *c = goro_context_retain(top);
    for (int i = 0; i < DEPTH; i++) {
        struct goro_context *child = i % 2 ? goro_context_with_cancel(c) : goro_context_with_value(c, &ran, NULL);
        goro_context_release(c);
        c = child;
    }
    CHECK_EQ(goro_context_err(c), 0);
    goro_context_cancel(top, -EIO);
    CHECK_EQ(goro_context_cause(c), -EIO);
    goro_context_release(top);
    goro_context_release(c);
}

static void wait_and_release(struct goro_context *c, goro_waitgroup *done)
{
    goro_chan_recv(goro_context_done(c), NULL);
    CHECK(goro_context_err(c) == -ETIMEDOUT || goro_context_err(c) == -ECANCELED);
    goro_context_release(c);
    goro_waitgroup_done(done);
}

/* The deadline, a cancel above and the last release at about the same time. */
GORO_TEST(ends_race_with_releases)
{
    enum { N = 2000 };
    goro_waitgroup done = {0};
    for (int i = 0; i < N; i++) {
        struct goro_context *parent = goro_context_with_cancel(goro_context_background());
        struct goro_context *child = goro_context_with_timeout(parent, i % 50 * GORO_MICROSECOND);
        goro_waitgroup_add(&done, 2);
        goro_go(wait_and_release, goro_context_retain(child), &done);
        goro_go(wait_and_release, child, &done);
        if (i % 4)
            goro_yield();
        goro_context_cancel(parent, 0);
        goro_context_release(parent);
    }
    goro_waitgroup_wait(&done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_after_the_end),
        cmocka_unit_test(stops_race_with_the_end),
        cmocka_unit_test(long_chain),
        cmocka_unit_test(ends_race_with_releases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
