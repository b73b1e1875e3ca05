/* Select from inside: what Go's tests (go_select.c) do not reach. Two selects that want each other, deadlines against wakers, queues
 * that are clean afterwards, chances. */
#include "run.h"

#include "chan.h"

typedef goro_chan_of(int64_t) longs;

static struct goro_chan *inside(longs c)
{
    return (struct goro_chan *)(void *)c;
}

static void check_nobody_waits(longs *c, int count)
{
    for (int i = 0; i < count; i++)
        CHECK(!inside(c[i])->senders.first && !inside(c[i])->receivers.first);
}

static int running;

static void ended(void)
{
    __atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
}

static void wait_all(void)
{
    while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) > 0)
        goro_yield();
}

/* ---- chances ---- */

GORO_TEST(test_equal_chances)
{
    enum { N = 4, ROUNDS = 8000 };
    longs c[N];
    int hits[N] = {0};
    for (int i = 0; i < N; i++) {
        c[i] = goro_chan_make(int64_t, 1);
        goro_chan_send(c[i], i);
    }
    for (int round = 0; round < ROUNDS; round++) {
        int64_t v;
        goro_select {
            goro_recv_case(c[0], &v) {
            }
            goro_recv_case(c[1], &v) {
            }
            goro_recv_case(c[2], &v) {
            }
            goro_recv_case(c[3], &v) {
            }
        }
        hits[v]++;
        goro_chan_send(c[v], v);
    }
    /* 2000 each, by ten standard deviations of 39 */
    for (int i = 0; i < N; i++) {
        CHECK(hits[i] > 1600 && hits[i] < 2400);
        goro_chan_free(c[i]);
    }
}

/* ---- against each other ---- */

enum { CHANS = 5 };
static longs chans[CHANS];
static int64_t sent_sum, received_sum;
static int sent_count, received_count, late;

/* `count` operations over all channels at once: each time a send on one half, a receive from the other, halves by turns. */
static void both_ways(int count, int64_t base)
{
    for (int n = 0; n < count; n++) {
        struct goro_case cases[CHANS];
        int64_t in = -1, out = base + n;
        for (int i = 0; i < CHANS; i++) {
            bool send = (n + base + i) % 2;
            cases[i] = (struct goro_case){inside(chans[(i * 3 + base) % CHANS]), send ? &out : &in,
                                          send ? GORO_CASE_SEND : GORO_CASE_RECV, false};
        }
        int chosen = goro_select_until(cases, CHANS, goro_now() + 200 * GORO_MICROSECOND);
        if (chosen < 0) {
            CHECK_EQ(chosen, -ETIMEDOUT);
            CHECK_EQ(in, -1);
            __atomic_add_fetch(&late, 1, __ATOMIC_RELAXED);
        } else if (cases[chosen].kind == GORO_CASE_SEND) {
            CHECK_EQ(in, -1);
            __atomic_add_fetch(&sent_sum, out, __ATOMIC_RELAXED);
            __atomic_add_fetch(&sent_count, 1, __ATOMIC_RELAXED);
        } else {
            CHECK(in >= 0);
            CHECK(cases[chosen].ok);
            __atomic_add_fetch(&received_sum, in, __ATOMIC_RELAXED);
            __atomic_add_fetch(&received_count, 1, __ATOMIC_RELAXED);
        }
    }
    ended();
}

static void everybody_selects(size_t capacity)
{
    int64_t v;
    sent_sum = received_sum = 0;
    sent_count = received_count = late = 0;
    for (int i = 0; i < CHANS; i++)
        chans[i] = goro_chan_make(int64_t, capacity);
    running = 8;
    for (int64_t i = 0; i < 8; i++)
        goro_go(both_ways, 500, i * 1001); /* odd and even: those that go on in step find each other, too */
    wait_all();
    CHECK_EQ(sent_count + received_count + late, 8 * 500);
    check_nobody_waits(chans, CHANS);
    for (int i = 0; i < CHANS; i++) {
        while (goro_chan_try_recv(chans[i], &v) > 0) {
            received_sum += v;
            received_count++;
        }
        goro_chan_free(chans[i]);
    }
    CHECK(sent_count > 0);
    CHECK_EQ(received_count, sent_count);
    CHECK_EQ(received_sum, sent_sum);
}

GORO_TEST(test_selects_against_selects)
{
    everybody_selects(0);
    everybody_selects(1);
    everybody_selects(3);
}

/* ---- one operation of two ---- */

static int chosen_a, chosen_b, chosen_late;

static void one_of_two(longs a, longs b, int64_t ns)
{
    int64_t v = -1;
    int chosen = 0;
    goro_select {
        goro_recv_case(a, &v) {
            chosen += 1;
        }
        goro_recv_case(b, &v) {
            chosen += 2;
        }
        goro_timeout_case(ns) {
            chosen += 4;
        }
    }
    CHECK(chosen == 1 || chosen == 2 || chosen == 4);
    CHECK_EQ(v, chosen == 4 ? -1 : chosen);
    __atomic_add_fetch(chosen == 1 ? &chosen_a : chosen == 2 ? &chosen_b : &chosen_late, 1, __ATOMIC_RELAXED);
    ended();
}

static int went_a, went_b;

static void offer(longs c, int64_t v, int *went)
{
    if (goro_chan_try_send(c, v))
        __atomic_add_fetch(went, 1, __ATOMIC_RELAXED);
    ended();
}

/* Two senders and a deadline at the same waiter: what went is what was received, once each. */
GORO_TEST(test_two_wakers_and_a_deadline)
{
    chosen_a = chosen_b = chosen_late = went_a = went_b = 0;
    for (int round = 0; round < 1000; round++) {
        longs c[2] = {goro_chan_make(int64_t, 0), goro_chan_make(int64_t, 0)};
        running = 3;
        goro_go(one_of_two, c[0], c[1], 1 + round % 50 * 1000);
        goro_yield();
        goro_go(offer, c[0], 1, &went_a);
        goro_go(offer, c[1], 2, &went_b);
        wait_all();
        check_nobody_waits(c, 2);
        goro_chan_free(c[0]);
        goro_chan_free(c[1]);
    }
    CHECK_EQ(chosen_a, went_a);
    CHECK_EQ(chosen_b, went_b);
    CHECK_EQ(chosen_a + chosen_b + chosen_late, 1000);
}

/* ---- close ---- */

static void until_closed(longs a, longs b, int *closed)
{
    int64_t v = -1;
    bool ok = true;
    goro_select {
        goro_recv_case_ok(a, &v, &ok) {
            __atomic_add_fetch(closed, 1, __ATOMIC_RELAXED);
        }
        goro_send_case(b, 1) {
            CHECK(!"sent");
        }
    }
    CHECK_EQ(v, 0);
    CHECK(!ok);
    ended();
}

GORO_TEST(test_close_wakes_all_selects)
{
    for (int round = 0; round < 100; round++) {
        longs c[2] = {goro_chan_make(int64_t, 0), goro_chan_make(int64_t, 0)};
        int closed = 0;
        running = 20;
        for (int i = 0; i < 20; i++)
            goro_go(until_closed, c[0], c[1], &closed);
        for (int i = round % 4; i > 0; i--)
            goro_yield();
        goro_chan_close(c[0]);
        wait_all();
        CHECK_EQ(closed, 20);
        check_nobody_waits(c, 2);
        goro_chan_free(c[0]);
        goro_chan_free(c[1]);
    }
}

/* ---- a token that is always in one of two channels: a default is never right ---- */

static void move_token(longs a, longs b, int count)
{
    for (int i = 0; i < count; i++) {
        /* in b before it is out of a, so at no moment in neither */
        goro_chan_send(b, 1);
        goro_chan_take(a);
        goro_chan_send(a, 1);
        goro_chan_take(b);
    }
    ended();
}

/* The token that is taken goes back before the next look. */
GORO_TEST(test_all_channels_at_one_moment)
{
    longs a = goro_chan_make(int64_t, 2), b = goro_chan_make(int64_t, 2);
    int64_t v = 0;
    goro_chan_send(a, 1);
    running = 1;
    goro_go(move_token, a, b, 20000);
    while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) > 0) {
        int from = -1;
        goro_select {
            goro_recv_case(a, &v) {
                from = 0;
            }
            goro_recv_case(b, &v) {
                from = 1;
            }
            goro_default_case {
                CHECK(!"a moment without the token");
            }
        }
        if (from == 0)
            goro_chan_send(a, v);
        else if (from == 1)
            goro_chan_send(b, v);
        goro_yield();
    }
    goro_chan_free(a);
    goro_chan_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_chances),
        cmocka_unit_test(test_selects_against_selects),
        cmocka_unit_test(test_two_wakers_and_a_deadline),
        cmocka_unit_test(test_close_wakes_all_selects),
        cmocka_unit_test(test_all_channels_at_one_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
