/* Public timers and tickers from inside: what Go's tests (go_time.c) do not reach. Stop, reset and free while they fire. */
#include "run.h"

/* true from stop: it does not come any more. false: it has come, and was taken. */
GORO_TEST(test_stop_while_it_fires)
{
    int taken = 0, stopped = 0;
    for (int round = 0; round < 2000; round++) {
        struct goro_timer *t = goro_timer_new(round % 20 * 500);
        int64_t when;
        if (round % 4 == 0)
            goro_yield();
        bool came = goro_chan_try_recv(goro_timer_chan(t), &when) > 0;
        bool pending = goro_timer_stop(t);
        CHECK(came != pending);
        CHECK_EQ(goro_chan_try_recv(goro_timer_chan(t), &when), -EAGAIN);
        CHECK(!goro_timer_stop(t));
        taken += came;
        stopped += pending;
        goro_timer_free(t);
    }
    CHECK_EQ(taken + stopped, 2000);
}

/* After a reset the old time is never received. */
GORO_TEST(test_reset_while_it_fires)
{
    struct goro_timer *t = goro_timer_new(0);
    for (int round = 0; round < 2000; round++) {
        int64_t before = goro_now();
        goro_timer_reset(t, round % 5 * 1000);
        if (round % 3)
            CHECK(goro_chan_take(goro_timer_chan(t)) >= before + round % 5 * 1000);
    }
    goro_timer_free(t);
}

static int calls;

static void count_call(void *arg)
{
    __atomic_add_fetch(arg ? (int *)arg : &calls, 1, __ATOMIC_RELEASE);
}

/* Each function runs once, or was stopped. */
GORO_TEST(test_functions_run_or_are_stopped)
{
    int stopped = 0;
    calls = 0;
    for (int round = 0; round < 2000; round++) {
        struct goro_timer *t = goro_after_func(round % 10 * 500, count_call, NULL);
        if (round % 3 == 0)
            goro_yield();
        stopped += goro_timer_stop(t);
        goro_timer_free(t);
    }
    while (__atomic_load_n(&calls, __ATOMIC_ACQUIRE) + stopped < 2000)
        goro_yield();
    CHECK_EQ(calls + stopped, 2000);
}

GORO_TEST(test_tickers_freed_while_they_tick)
{
    for (int round = 0; round < 300; round++) {
        struct goro_ticker *t = goro_ticker_new(1 + round % 3 * 1000);
        int64_t last = 0;
        for (int i = round % 4; i > 0; i--) {
            int64_t now = goro_chan_take(goro_ticker_chan(t));
            CHECK(now > last);
            last = now;
        }
        if (round % 2)
            goro_ticker_reset(t, 1000);
        if (round % 5 == 0) {
            goro_ticker_stop(t);
            goro_yield();
            CHECK_EQ(goro_chan_try_recv(goro_ticker_chan(t), NULL), -EAGAIN);
        }
        goro_ticker_free(t);
    }
}

/* Nobody takes them: one is kept. */
GORO_TEST(test_ticks_do_not_pile_up)
{
    struct goro_ticker *t = goro_ticker_new(1000);
    while (goro_chan_len(goro_ticker_chan(t)) == 0)
        goro_yield();
    goro_sleep(GORO_MILLISECOND);
    CHECK_EQ(goro_chan_len(goro_ticker_chan(t)), 1);
    goro_ticker_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_while_it_fires),          cmocka_unit_test(test_reset_while_it_fires),
        cmocka_unit_test(test_functions_run_or_are_stopped), cmocka_unit_test(test_tickers_freed_while_they_tick),
        cmocka_unit_test(test_ticks_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
