/* Sleep, timers and tickers as Go's time/{sleep,tick}_test.go have them, in our words. No test measures how late something is but
 * with seconds to spare; none may be early. docs/goro-tests.md says which is where. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "parked.h"

#define HOUR (3600 * GORO_SECOND)

GORO_TEST(sleep_is_not_short)
{
    static const int64_t durations[] = {1, 1000, 50000, GORO_MILLISECOND, 3 * GORO_MILLISECOND};
    for (int i = 0; i < 5; i++) {
        int64_t begin = goro_now();
        goro_sleep(durations[i]);
        CHECK(goro_now() - begin >= durations[i]);
    }
    goro_sleep(0);
    goro_sleep(-5);
    goro_sleep(INT64_MIN);
}

static void sleep_for_ever(void)
{
    goro_sleep(INT64_MAX);
    goro_panic("the longest sleep is over");
}

GORO_TEST(sums_do_not_overflow)
{
    go(sleep_for_ever);
    struct goro_timer *big = goro_timer_new(INT64_MAX), *negative = goro_timer_new(INT64_MIN);
    int chosen = 0;
    chan_select {
        recv_case(goro_timer_chan(big), NULL) {
            chosen = 1;
        }
        timeout_case(3 * GORO_MILLISECOND) {
            chosen = 2;
        }
    }
    CHECK_EQ(chosen, 2);
    chan_select {
        recv_case(goro_timer_chan(negative), NULL) {
            chosen = 3;
        }
        timeout_case(3600 * GORO_SECOND) {
            chosen = 4;
        }
    }
    CHECK_EQ(chosen, 3);
    chan_select {
        recv_case(goro_timer_chan(big), NULL) {
            chosen = 5;
        }
        timeout_case(INT64_MIN) {
            chosen = 6;
        }
    }
    CHECK_EQ(chosen, 6);
    CHECK(goro_timer_stop(big));
    goro_timer_free(big);
    goro_timer_free(negative);
}

/* ---- order ---- */

static void sleep_and_note(int64_t until, int n, chan_of(int) out)
{
    goro_sleep(until - goro_now());
    chan_send(out, n);
}

/* Later ones are never first: each notes itself only after its time, and all times are far from each other in steps of waiting. */
GORO_TEST(sleepers_wake_in_order_of_time)
{
    enum { N = 8 };
    static const int slots[N] = {5, 3, 6, 7, 1, 0, 2, 4};
    int64_t begin = goro_now() + GORO_MILLISECOND, step = 30 * GORO_MILLISECOND;
    chan_of(int) out = chan_make(int, N);
    for (int i = 0; i < N; i++)
        go(sleep_and_note, begin + slots[i] * step, slots[i], out);
    for (int i = 0; i < N; i++) {
        int slot = chan_take(out);
        CHECK(goro_now() >= begin + slot * step);
    }
    chan_free(out);
}

GORO_TEST(timer_gives_its_time)
{
    int64_t begin = goro_now(), ns = 2 * GORO_MILLISECOND;
    struct goro_timer *t = goro_timer_new(ns);
    int64_t fired = chan_take(goro_timer_chan(t)), now = goro_now();
    CHECK(fired >= begin + ns && fired <= now);
    CHECK_EQ(chan_try_recv(goro_timer_chan(t), NULL), -EAGAIN); /* once */
    CHECK(!goro_timer_stop(t));
    goro_timer_free(t);
    goro_timer_free(NULL);
}

/* ---- functions that a timer starts ---- */

static int countdown;
static chan_of(bool) finished;

static void count_down(void *arg)
{
    if (goro_atomic_add(&countdown, -1) >= 0)
        goro_after_func(1000, count_down, arg);
    else
        chan_send(finished, true);
}

GORO_TEST(after_func_starts_the_next_one)
{
    countdown = 10;
    finished = chan_make(bool, 0);
    goro_after_func(0, count_down, NULL);
    CHECK(chan_take(finished));
    CHECK_EQ(countdown, -1);
    chan_free(finished);
    /* Timers that nobody holds are freed with the runtime. */
}

static void must_not_run(void *arg)
{
    goro_atomic_add((int *)arg, 1);
}

static void may_wait(void *arg)
{
    goro_sleep(GORO_MILLISECOND);
    chan_send(*(chan_of(bool) *)arg, true);
}

GORO_TEST(stopped_functions_do_not_run)
{
    int ran = 0;
    chan_of(bool) c = chan_make(bool, 0);
    struct goro_timer *t1 = goro_after_func(HOUR, must_not_run, &ran);
    struct goro_timer *t2 = goro_after_func(0, may_wait, &c);
    CHECK(goro_timer_stop(t1));
    CHECK(!goro_timer_stop(t1));
    CHECK(chan_take(c)); /* a goroutine of its own: it may wait */
    CHECK(!goro_timer_stop(t2));
    CHECK(!goro_timer_reset(t2, 0));
    CHECK(chan_take(c));
    CHECK(!goro_timer_reset(t1, HOUR));
    CHECK(goro_timer_reset(t1, HOUR));
    goro_timer_free(t1);
    goro_timer_free(t2);
    CHECK_EQ(ran, 0);
    chan_free(c);
}

GORO_TEST(stop_stress)
{
    enum { N = 2000 };
    static int ran[N];
    int stopped = 0, started = 0;
    struct goro_timer *t[N];
    memset(ran, 0, sizeof ran);
    for (int i = 0; i < N; i++)
        t[i] = goro_after_func((int64_t)i * 500, must_not_run, &ran[i]);
    bool was_pending[N];
    for (int i = N - 1; i >= 0; i--)
        stopped += was_pending[i] = goro_timer_stop(t[i]);
    while (goro_num_goroutines() > 1)
        yield();
    for (int i = 0; i < N; i++) {
        CHECK_EQ(goro_atomic_load(&ran[i]), !was_pending[i]); /* either stopped or run, never both */
        started += ran[i];
        goro_timer_free(t[i]);
    }
    CHECK_EQ(stopped + started, N);
}

/* ---- stop and reset ---- */

GORO_TEST(reset)
{
    struct goro_timer *t = goro_timer_new(HOUR);
    CHECK(goro_timer_reset(t, HOUR));
    CHECK(goro_timer_reset(t, 1000));
    chan_take(goro_timer_chan(t));
    CHECK(!goro_timer_reset(t, 1000));
    chan_take(goro_timer_chan(t));
    CHECK(!goro_timer_reset(t, HOUR));
    CHECK(goro_timer_stop(t));
    CHECK_EQ(chan_try_recv(goro_timer_chan(t), NULL), -EAGAIN);
    /* A value that nobody has taken is gone after a reset, whether or not the timer has fired by then. */
    CHECK(!goro_timer_reset(t, 0));
    goro_sleep(GORO_MILLISECOND);
    goro_timer_reset(t, HOUR);
    CHECK_EQ(chan_try_recv(goro_timer_chan(t), NULL), -EAGAIN);
    goro_timer_free(t);
}

/* Much moving to earlier times loses no wake-up (TestTimerModifiedEarlier). */
GORO_TEST(moved_to_the_past)
{
    for (int i = 0; i < 300; i++) {
        struct goro_timer *t = goro_timer_new(HOUR);
        bool fired = false;
        for (int k = 0; k < 10; k++) {
            if (!goro_timer_stop(t))
                chan_try_recv(goro_timer_chan(t), NULL);
            goro_timer_reset(t, INT64_MIN / 2);
        }
        chan_select {
            recv_case(goro_timer_chan(t), NULL) {
                fired = true;
            }
            timeout_case(3600 * GORO_SECOND) {
            }
        }
        CHECK(fired);
        goro_timer_free(t);
    }
}

/* Many timers through a fixed life of short and long times and stops, in random order (TestAdjustTimers); fixed seed. */
GORO_TEST(random_lives)
{
    enum { N = 100, STATES = 11 };
    static struct goro_timer *timers[N];
    int states[N] = {0}, order[N], left = N;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < N; i++)
        order[i] = i;
    while (left > 0) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        int k = (int)(random % (unsigned)left), i = order[k];
        struct goro_timer *t = timers[i];
        switch (states[i]++) {
        case 0:
            timers[i] = goro_timer_new(0);
            break;
        case 1:
        case 9:
            chan_take(goro_timer_chan(t));
            break;
        case 2:
        case 4:
        case 6:
            CHECK(!goro_timer_reset(t, (1 + states[i] % 3) * HOUR));
            break;
        case 3:
        case 5:
        case 7:
            CHECK(goro_timer_stop(t));
            break;
        case 8:
            CHECK(!goro_timer_reset(t, 0));
            break;
        case STATES - 1:
            goro_timer_free(t);
            order[k] = order[--left];
        }
    }
}

/* ---- many, from many ---- */

static void sleep_a_bit(int n, waitgroup *done)
{
    for (int i = 0; i < 5; i++) {
        int64_t ns = (n * 7919 + i * 104729) % 2000 * 1000, begin = goro_now();
        goro_sleep(ns);
        CHECK(goro_now() - begin >= ns);
    }
    waitgroup_done(done);
}

GORO_TEST(thousands_of_sleepers)
{
    enum { N = 3000 };
    waitgroup done = {0};
    waitgroup_add(&done, N);
    for (int i = 0; i < N; i++)
        go(sleep_a_bit, i, &done);
    waitgroup_wait(&done);
}

static void reset_stop_forever(struct goro_timer *t, int n, waitgroup *done)
{
    for (int i = 0; i < n; i++) {
        goro_timer_reset(t, i % 3 ? HOUR : 0);
        if (i % 5 == 0)
            goro_timer_stop(t);
        chan_try_recv(goro_timer_chan(t), NULL);
    }
    waitgroup_done(done);
}

GORO_TEST(one_timer_from_many)
{
    struct goro_timer *t = goro_timer_new(HOUR);
    waitgroup done = {0};
    waitgroup_add(&done, 8);
    for (int i = 0; i < 8; i++)
        go(reset_stop_forever, t, 1000, &done);
    waitgroup_wait(&done);
    goro_timer_stop(t);
    chan_try_recv(goro_timer_chan(t), NULL);
    goro_timer_reset(t, 0);
    chan_take(goro_timer_chan(t));
    goro_timer_free(t);
}

/* ---- tickers ---- */

GORO_TEST(ticker_beats)
{
    int64_t beat = 2 * GORO_MILLISECOND, begin = goro_now(), last = begin;
    struct goro_ticker *t = goro_ticker_new(beat);
    for (int i = 1; i <= 5; i++) {
        int64_t tick = chan_take(goro_ticker_chan(t));
        CHECK(tick >= begin + i * beat); /* none comes early */
        CHECK(tick > last);
        last = tick;
    }
    goro_ticker_reset(t, 2 * beat);
    begin = goro_now();
    chan_try_recv(goro_ticker_chan(t), NULL); /* one of before could be there */
    chan_take(goro_ticker_chan(t));
    CHECK(goro_now() >= begin + 2 * beat);
    goro_ticker_stop(t);
    chan_try_recv(goro_ticker_chan(t), NULL);
    goro_sleep(3 * beat);
    CHECK_EQ(chan_try_recv(goro_ticker_chan(t), NULL), -EAGAIN); /* stopped: no tick, and not closed */
    goro_ticker_stop(t);
    goro_ticker_reset(t, 1000); /* runs again */
    chan_take(goro_ticker_chan(t));
    goro_ticker_free(t);
    goro_ticker_free(NULL);
}

/* Nobody takes the ticks: they do not pile up. */
GORO_TEST(ticks_are_dropped)
{
    struct goro_ticker *t = goro_ticker_new(10000);
    goro_sleep(5 * GORO_MILLISECOND);
    int64_t before = goro_now();
    chan_take(goro_ticker_chan(t));
    CHECK(chan_take(goro_ticker_chan(t)) >= before); /* one of before was there, not hundreds */
    goro_ticker_stop(t);
    CHECK_EQ(chan_try_recv(goro_ticker_chan(t), NULL), -EAGAIN);
    goro_ticker_free(t);
}

/* Made and freed while they tick (TestTeardown). */
GORO_TEST(tickers_end_in_the_middle)
{
    for (int i = 0; i < 300; i++) {
        struct goro_ticker *t = goro_ticker_new(i % 2 ? 1000 : HOUR);
        if (i % 3 == 0)
            yield();
        goro_ticker_free(t);
    }
}

/* ---- deadlines of other calls share the timers ---- */

GORO_TEST(receive_with_deadline_leaves_nothing_behind)
{
    chan_of(int) c = chan_make(int, 0);
    int v = 3;
    for (int i = 0; i < 200; i++)
        CHECK_EQ(chan_recv_until(c, goro_now() + 20000, &v), -ETIMEDOUT);
    CHECK_EQ(v, 3);
    CHECK(!chan_try_send(c, 1)); /* no waiter of those 200 is there any more */
    CHECK_EQ(chan_send_until(c, goro_now() + 20000, 1), -ETIMEDOUT);
    CHECK_EQ(chan_try_recv(c, &v), -EAGAIN);
    chan_free(c);
}

static void send_until_won(chan_of(int) c, chan_of(int) result)
{
    int sent = 0;
    for (int i = 0; i < 2000; i++)
        sent += chan_send_until(c, goro_now() + i % 40 * 500, i) == 0;
    chan_send(result, sent);
}

/* The value and the deadline race: what the sender believes was sent is what was received. */
GORO_TEST(deadline_against_value)
{
    chan_of(int) c = chan_make(int, 0), result = chan_make(int, 1);
    int received = 0, v;
    go(send_until_won, c, result);
    while (chan_len(result) == 0)
        received += chan_recv_until(c, goro_now() + received % 30 * 700, &v) == 1;
    CHECK_EQ(chan_take(result), received);
    chan_free(c);
    chan_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sleep_is_not_short),
        cmocka_unit_test(sums_do_not_overflow),
        cmocka_unit_test(sleepers_wake_in_order_of_time),
        cmocka_unit_test(timer_gives_its_time),
        cmocka_unit_test(after_func_starts_the_next_one),
        cmocka_unit_test(stopped_functions_do_not_run),
        cmocka_unit_test(stop_stress),
        cmocka_unit_test(reset),
        cmocka_unit_test(moved_to_the_past),
        cmocka_unit_test(random_lives),
        cmocka_unit_test(thousands_of_sleepers),
        cmocka_unit_test(one_timer_from_many),
        cmocka_unit_test(ticker_beats),
        cmocka_unit_test(ticks_are_dropped),
        cmocka_unit_test(tickers_end_in_the_middle),
        cmocka_unit_test(receive_with_deadline_leaves_nothing_behind),
        cmocka_unit_test(deadline_against_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
