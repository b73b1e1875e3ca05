/* Select as Go's own tests have it: test/chan/{doubleselect,select,select3,select4,select5,select6,select7,select8} and the
 * select tests of runtime/chan_test.go in our words. docs/goro-tests.md says which is where. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "parked.h"

static void unreachable(int line)
{
    goro_panic("line %d was reached", line);
}
#define UNREACHABLE() unreachable(__LINE__)

/* ---- what makes a select wait (select3) ---- */

static chan_of(int) nil;

static void wait_empty(void)
{
    chan_select {
    }
    UNREACHABLE();
}

static void wait_nil_receive(void)
{
    chan_select {
        recv_case(nil, NULL) {
            UNREACHABLE();
        }
    }
    UNREACHABLE();
}

static void wait_nil_send(void)
{
    chan_select {
        send_case(nil, 7) {
            UNREACHABLE();
        }
    }
    UNREACHABLE();
}

static void wait_nil_both(void)
{
    chan_select {
        recv_case(nil, NULL) {
            UNREACHABLE();
        }
        send_case(nil, 7) {
            UNREACHABLE();
        }
    }
    UNREACHABLE();
}

static void wait_not_ready(void)
{
    chan_of(int) c = chan_make(int, 0);
    chan_select {
        recv_case(c, NULL) {
            UNREACHABLE();
        }
    }
    UNREACHABLE();
}

/* Both ends in one select: it does not meet itself. */
static void wait_for_itself(void)
{
    chan_of(int) c = chan_make(int, 0);
    chan_select {
        send_case(c, 1) {
            UNREACHABLE();
        }
        recv_case(c, NULL) {
            UNREACHABLE();
        }
    }
    UNREACHABLE();
}

static void wait_full(void)
{
    chan_of(int) c = chan_make(int, 1);
    chan_send(c, 1);
    chan_select {
        send_case(c, 2) {
            UNREACHABLE();
        }
        recv_case(nil, NULL) {
            UNREACHABLE();
        }
    }
    UNREACHABLE();
}

static void here_then(void (*wait)(void), struct rt_g **place)
{
    HERE(*place);
    wait();
}

static void until_waiting_in_select(struct rt_g *const *place)
{
    for (;;) {
        struct rt_g *g = __atomic_load_n(place, __ATOMIC_ACQUIRE);
        if (g && __atomic_load_n(&g->status, __ATOMIC_ACQUIRE) == RT_WAITING &&
            (g->reason == RT_REASON_SELECT || g->reason == RT_REASON_SELECT_EMPTY))
            return;
        yield();
    }
}

GORO_TEST(waits)
{
    void (*const cases[])(void) = {wait_empty,    wait_nil_receive, wait_nil_send, wait_nil_both,
                                   wait_not_ready, wait_for_itself,  wait_full};
    enum { COUNT = sizeof cases / sizeof *cases };
    static struct rt_g *places[COUNT];
    memset(places, 0, sizeof places);
    for (int i = 0; i < COUNT; i++)
        go(here_then, cases[i], &places[i]);
    for (int i = 0; i < COUNT; i++)
        until_waiting_in_select(&places[i]);
    CHECK_EQ(goro_num_goroutines(), 1 + COUNT);
}

GORO_TEST(does_not_wait)
{
    chan_of(int) closed = chan_make(int, 0), room = chan_make(int, 1);
    int n = 0, v = 9;
    bool ok = true;
    chan_close(closed);

    chan_select {
        default_case {
            n++;
        }
    }
    chan_select {
        recv_case(nil, &v) {
            UNREACHABLE();
        }
        send_case(nil, 7) {
            UNREACHABLE();
        }
        default_case {
            n++;
        }
    }
    chan_select {
        default_case {
            n++;
        }
        recv_case(nil, &v) {
            UNREACHABLE();
        }
    }
    CHECK_EQ(v, 9);
    chan_select {
        send_case(room, 7) {
            n++;
        }
        default_case {
            UNREACHABLE();
        }
    }
    chan_select {
        send_case(room, 8) {
            UNREACHABLE();
        }
        default_case {
            n++;
        }
    }
    chan_select {
        recv_case_ok(room, &v, &ok) {
            n++;
        }
        default_case {
            UNREACHABLE();
        }
    }
    CHECK(v == 7 && ok);
    chan_select {
        recv_case(closed, NULL) {
            n++;
        }
    }
    chan_select {
        recv_case(closed, &v) {
            n++;
        }
        recv_case(nil, NULL) {
            UNREACHABLE();
        }
    }
    CHECK_EQ(v, 0);
    v = 7;
    ok = true;
    chan_select {
        recv_case_ok(closed, &v, &ok) {
            n++;
        }
        timeout_case(GORO_SECOND) {
            UNREACHABLE();
        }
    }
    CHECK(v == 0 && !ok);
    CHECK_EQ(n, 9);
    chan_free(closed);
    chan_free(room);
}

/* ---- values and expressions (select, select4, select5) ---- */

static unsigned values_made, shift;

static unsigned make_value(void)
{
    values_made++;
    return 1u << shift;
}

static int send_each_once(chan_of(unsigned) a, chan_of(unsigned) b)
{
    int sent = 0;
    for (bool more = true; more; shift++) {
        chan_select {
            send_case(a, make_value()) {
                sent++;
                a = NULL;
            }
            send_case(b, make_value()) {
                sent++;
                b = NULL;
            }
            default_case {
                more = false;
            }
        }
    }
    return sent;
}

/* Values of all cases are made, also of nil channels and of cases that are not chosen. */
GORO_TEST(sends_evaluate_all_values)
{
    chan_of(unsigned) a = chan_make(unsigned, 1), b = chan_make(unsigned, 1);
    values_made = shift = 0;
    CHECK_EQ(send_each_once(a, b), 2);
    CHECK_EQ(chan_take(a) | chan_take(b), 3);
    CHECK_EQ(send_each_once(a, NULL), 1);
    CHECK_EQ(values_made, 10);
    chan_free(a);
    chan_free(b);
}

static int order, order_errors;

static void expect_order(int n)
{
    order_errors += n != order + 1;
    order = n;
}

static chan_of(int) chan_nth(int n, chan_of(int) c)
{
    expect_order(n);
    return c;
}

static int value_nth(int n, int v)
{
    expect_order(n);
    return v;
}

static int *place_nth(int n, int *p)
{
    expect_order(n);
    return p;
}

GORO_TEST(expressions_once_in_source_order)
{
    chan_of(int) c = chan_make(int, 1), dummy = chan_make(int, 0);
    int v = 0, w = 4;
    order_errors = 0;
    for (int round = 0; round < 3; round++) { /* with each way to end: send, receive, default */
        order = 0;
        int chosen = 0;
        chan_select {
            send_case(chan_nth(1, round == 0 ? c : dummy), value_nth(2, 10)) {
                chosen = 1;
            }
            recv_case(chan_nth(3, dummy), place_nth(4, &w)) {
                UNREACHABLE();
            }
            recv_case(chan_nth(5, round == 1 ? c : nil), place_nth(6, &v)) {
                chosen = 2;
            }
            send_case(chan_nth(7, NULL), value_nth(8, 1)) {
                UNREACHABLE();
            }
            timeout_case(value_nth(9, 1000)) {
                UNREACHABLE();
            }
            default_case {
                chosen = 3;
            }
        }
        CHECK_EQ(chosen, round + 1);
        CHECK_EQ(order, 9);
    }
    CHECK_EQ(order_errors, 0);
    CHECK(v == 10 && w == 4); /* the place of a case that was not chosen is untouched */
    chan_free(c);
    chan_free(dummy);
}

/* All combinations of a ready case, at each position, with and without default before or after, and with cases that are never
 * ready around it. */
static void one_ready(bool send, bool before, bool after, unsigned others)
{
    chan_of(int) c = chan_make(int, 1), dummy = chan_make(int, 0);
    static int n;
    int v = 0, chosen = 0;
    n++;
    if (!send)
        chan_send(c, n);
    /* A channel that is nil leaves its case as if it were not there. */
    chan_of(int) d1 = others & 1 ? dummy : NULL;
    chan_of(int) d2 = others & 2 ? dummy : NULL;
    chan_of(int) to = send ? c : NULL, from = send ? NULL : c;
#define CASES() \
    send_case(d1, 1) { UNREACHABLE(); } \
    send_case(to, n) { chosen++; } \
    recv_case(from, &v) { chosen++; } \
    recv_case(d2, &v) { UNREACHABLE(); }
    if (before) {
        chan_select {
            default_case {
                UNREACHABLE();
            }
            CASES()
        }
    } else if (after) {
        chan_select {
            CASES()
            default_case {
                UNREACHABLE();
            }
        }
    } else {
        chan_select {
            CASES()
        }
    }
#undef CASES
    if (send)
        v = chan_take(c);
    CHECK_EQ(v, n);
    CHECK_EQ(chosen, 1);
    chan_free(c);
    chan_free(dummy);
}

GORO_TEST(all_forms_of_one_ready_case)
{
    for (unsigned bits = 0; bits < 32; bits++)
        one_ready(bits & 1, bits & 2, bits & 4, bits >> 3);
}

/* ---- control flow (select8) ---- */

GORO_TEST(break_and_continue_leave_the_select)
{
    chan_of(int) c = chan_make(int, 1);
    int after = 0, rounds = 0;
    for (int i = 0; i < 6; i++) {
        rounds++;
        chan_send(c, i);
        chan_select {
            recv_case(c, NULL) {
                if (i % 3 == 0)
                    break;
                if (i % 3 == 1)
                    continue; /* leaves the select only, as `break` does; Go's would go on with the loop */
                after += 10;
            }
        }
        after++;
    }
    CHECK_EQ(rounds, 6);
    CHECK_EQ(after, 26);

    /* A select inside of a case, and out of both by goto and return. */
    chan_of(int) d = chan_make(int, 1);
    for (;;) {
        chan_send(c, 1);
        chan_send(d, 2);
        chan_select {
            recv_case(c, NULL) {
                int v = 0;
                chan_select {
                    recv_case(d, &v) {
                        CHECK_EQ(v, 2);
                        goto out;
                    }
                    default_case {
                        UNREACHABLE();
                    }
                }
                UNREACHABLE();
            }
        }
        UNREACHABLE();
    }
out:
    chan_free(c);
    chan_free(d);
}

/* ---- queues of channels that were not chosen (select6, TestSelectDuplicateChannel) ---- */

static struct rt_g *first, *second;

static void take_one(chan_of(bool) c)
{
    HERE(first);
    chan_take(c);
}

static void choose_then_take(chan_of(bool) c1, chan_of(bool) c2, chan_of(bool) c3)
{
    HERE(second);
    chan_select {
        recv_case(c1, NULL) {
            UNREACHABLE();
        }
        recv_case(c2, NULL) {
            chan_send(c3, true);
        }
    }
    chan_take(c1);
}

GORO_TEST(last_waiter_leaves_the_queue_intact)
{
    chan_of(bool) c1 = chan_make(bool, 0), c2 = chan_make(bool, 0), c3 = chan_make(bool, 0);
    first = second = NULL;
    go(take_one, c1);
    until_parked(&first, RT_REASON_CHAN_RECV);
    go(choose_then_take, c1, c2, c3);
    until_parked(&second, RT_REASON_SELECT);
    chan_send(c2, true);
    chan_take(c3);
    chan_send(c1, true);
    chan_send(c1, true);
}

static void twice_on_one(chan_of(int) c, chan_of(int) d, chan_of(int) e)
{
    HERE(first);
    chan_select {
        recv_case(c, NULL) {
        }
        recv_case(c, NULL) {
        }
        recv_case(d, NULL) {
        }
    }
    chan_send(e, 9);
}

static void take_int(chan_of(int) c, chan_of(int) e)
{
    HERE(second);
    chan_take(c);
    chan_send(e, 10);
}

GORO_TEST(one_channel_in_two_cases)
{
    chan_of(int) c = chan_make(int, 0), d = chan_make(int, 0), e = chan_make(int, 0);
    first = second = NULL;
    go(twice_on_one, c, d, e);
    until_parked(&first, RT_REASON_SELECT);
    go(take_int, c, e);
    until_parked(&second, RT_REASON_CHAN_RECV);
    chan_send(d, 7);
    CHECK_EQ(chan_take(e), 9);
    chan_send(c, 8);
    CHECK_EQ(chan_take(e), 10);
    chan_free(c);
    chan_free(d);
    chan_free(e);
}

/* ---- dropping a value, every pair of forms (select7) ---- */

static void drop1(chan_of(int) c)
{
    chan_recv(c, NULL);
}

static void drop2(chan_of(int) c)
{
    chan_select {
        recv_case(c, NULL) {
        }
    }
}

static void drop3(chan_of(int) c)
{
    chan_of(int) other = chan_make(int, 0);
    chan_select {
        recv_case(c, NULL) {
        }
        recv_case(other, NULL) {
            UNREACHABLE();
        }
    }
    chan_free(other);
}

GORO_TEST(dropped_values)
{
    void (*const drops[])(chan_of(int)) = {drop1, drop2, drop3};
    chan_of(int) other = chan_make(int, 0);
    for (int i = 0; i < 9; i++) {
        chan_of(int) c = chan_make(int, 0);
        go(drops[i / 3], c);
        yield();
        switch (i % 3) {
        case 0:
            chan_send(c, 1);
            break;
        case 1:
            chan_select {
                send_case(c, 1) {
                }
            }
            break;
        default:
            chan_select {
                send_case(c, 1) {
                }
                send_case(other, 1) {
                    UNREACHABLE();
                }
            }
        }
        chan_free(c);
    }
    chan_free(other);
}

/* ---- exactly one case, atomically ---- */

static void send_on_any_of_four(int n, chan_of(int) c1, chan_of(int) c2, chan_of(int) c3, chan_of(int) c4)
{
    for (int i = 0; i < n; i++) {
        chan_select {
            send_case(c1, i) {
            }
            send_case(c2, i) {
            }
            send_case(c3, i) {
            }
            send_case(c4, i) {
            }
        }
    }
    chan_close(c1);
    chan_close(c2);
    chan_close(c3);
    chan_close(c4);
}

static void forward(chan_of(int) out, chan_of(int) in, waitgroup *done)
{
    chan_range(in, v) chan_send(out, v);
    waitgroup_done(done);
}

static void close_after(waitgroup *done, chan_of(int) c)
{
    waitgroup_wait(done);
    chan_close(c);
}

GORO_TEST(no_value_goes_out_twice)
{
    enum { N = 50000 };
    chan_of(int) c[4], out = chan_make(int, 0);
    static char seen[N];
    waitgroup done = {0};
    int n = 0;
    memset(seen, 0, sizeof seen);
    waitgroup_add(&done, 4);
    for (int i = 0; i < 4; i++) {
        c[i] = chan_make(int, 0);
        go(forward, out, c[i], &done);
    }
    go(send_on_any_of_four, N, c[0], c[1], c[2], c[3]);
    go(close_after, &done, out);
    chan_range(out, v) {
        CHECK_EQ(seen[v], 0);
        seen[v] = 1;
        n++;
    }
    CHECK_EQ(n, N);
    for (int i = 0; i < 4; i++)
        chan_free(c[i]);
    chan_free(out);
}

/* At least one of two channels is ready at every moment while the select could look: it must never take its default. */
static void never_default(chan_of(int) c1, chan_of(int) c2, chan_of(bool) done)
{
    bool found = true;
    chan_select {
        recv_case(c1, NULL) {
        }
        recv_case(c2, NULL) {
        }
        default_case {
            found = false;
        }
    }
    chan_send(done, found);
}

GORO_TEST(looks_at_one_moment)
{
    chan_of(bool) done = chan_make(bool, 1);
    int missed = 0;
    for (int i = 0; i < 20000; i++) {
        bool by_close = i % 2;
        chan_of(int) c1 = chan_make(int, 1), c2 = chan_make(int, 1);
        chan_send(c1, 1);
        go(never_default, c1, c2, done);
        if (by_close)
            chan_close(c2);
        else
            chan_send(c2, 1);
        chan_try_recv(c1, NULL);
        missed += !chan_take(done);
        chan_free(c1);
        chan_free(c2);
    }
    CHECK_EQ(missed, 0);
    chan_free(done);
}

static void send_or_receive(int me, chan_of(int) c, bool unbuffered, waitgroup *done)
{
    for (int i = 0; i < 1000; i++) {
        int v = -1;
        if (me == 0 || i % 2 == 0) {
            chan_select {
                send_case(c, me) {
                }
                recv_case(c, &v) {
                }
            }
        } else {
            chan_select {
                recv_case(c, &v) {
                }
                send_case(c, me) {
                }
            }
        }
        CHECK(!unbuffered || v != me);
    }
    waitgroup_done(done);
}

GORO_TEST(both_directions_of_one_channel)
{
    for (int cap = 0; cap <= 10; cap += 10) {
        chan_of(int) c = chan_make(int, cap);
        waitgroup done = {0};
        waitgroup_add(&done, 2);
        go(send_or_receive, 0, c, cap == 0, &done);
        go(send_or_receive, 1, c, cap == 0, &done);
        waitgroup_wait(&done);
        chan_free(c);
    }
}

/* ---- fairness ---- */

static void merge(chan_of(char) c1, chan_of(char) c2, chan_of(char) out, chan_of(char) stop, waitgroup *done)
{
    chan_of(char) never = chan_make(char, 0);
    for (bool more = true; more;) {
        char v = 0;
        chan_select {
            recv_case(never, &v) {
            }
            recv_case(c1, &v) {
            }
            recv_case(c2, &v) {
            }
        }
        chan_select {
            send_case(out, v) {
            }
            recv_case(stop, NULL) {
                more = false;
            }
        }
    }
    chan_free(never);
    waitgroup_done(done);
}

GORO_TEST(ready_cases_have_equal_chances)
{
    enum { N = 10000 };
    chan_of(char) c1 = chan_make(char, N + 1), c2 = chan_make(char, N + 1);
    chan_of(char) out = chan_make(char, 0), stop = chan_make(char, 0);
    waitgroup done = {0};
    int ones = 0;
    for (int i = 0; i <= N; i++) {
        chan_send(c1, 1);
        chan_send(c2, 2);
    }
    waitgroup_add(&done, 1);
    go(merge, c1, c2, out, stop, &done);
    for (int i = 0; i < N; i++)
        ones += chan_take(out) == 1;
    /* Binomial, deviation sqrt(N) / 2 = 50: five of them. */
    CHECK(ones > N / 2 - 250 && ones < N / 2 + 250);
    chan_close(stop);
    waitgroup_wait(&done);
    chan_free(c1);
    chan_free(c2);
    chan_free(out);
    chan_free(stop);
}

GORO_TEST(chances_of_eight)
{
    enum { N = 16000 };
    chan_of(int) c[8];
    int hits[8] = {0};
    for (int i = 0; i < 8; i++) {
        c[i] = chan_make(int, 0);
        chan_close(c[i]);
    }
    for (int i = 0; i < N; i++) {
        struct goro_case cases[8];
        for (int k = 0; k < 8; k++)
            cases[k] = (struct goro_case){.chan = (struct goro_chan *)(void *)c[k], .kind = GORO_CASE_RECV};
        int chosen = goro_select_cases(cases, 8, 0);
        CHECK(chosen >= 0 && chosen < 8);
        hits[chosen & 7]++;
    }
    for (int i = 0; i < 8; i++) { /* 2000 expected, deviation 42 */
        CHECK(hits[i] > 1750 && hits[i] < 2250);
        chan_free(c[i]);
    }
}

static void collect(chan_of(int) c, int *values, int n, waitgroup *done)
{
    for (int i = 0; i < n; i++) {
        yield();
        values[i] = chan_take(c);
    }
    waitgroup_done(done);
}

/* Two sends on one channel: both happen often. */
GORO_TEST(two_sends_on_one_channel_alternate)
{
    enum { N = 200 };
    for (int cap = 0; cap <= N; cap += N) {
        chan_of(int) c = chan_make(int, cap);
        waitgroup done = {0};
        int values[N], ones = 0;
        waitgroup_add(&done, 1);
        go(collect, c, values, N, &done);
        for (int i = 0; i < N; i++) {
            chan_select {
                send_case(c, 1) {
                }
                send_case(c, 0) {
                }
            }
        }
        waitgroup_wait(&done);
        for (int i = 0; i < N; i++)
            ones += values[i];
        CHECK(ones > N / 10 && ones < N - N / 10);
        chan_free(c);
    }
}

/* ---- stress (TestSelectStress) ---- */

enum { STRESS = 5000 };

static void send_many(chan_of(int) c, waitgroup *done)
{
    for (int i = 0; i < STRESS; i++)
        chan_send(c, 0);
    waitgroup_done(done);
}

static void receive_many(chan_of(int) c, waitgroup *done)
{
    for (int i = 0; i < STRESS; i++)
        chan_take(c);
    waitgroup_done(done);
}

static void count_case(chan_of(int) *c, int *n)
{
    if (++*n == STRESS)
        *c = NULL;
}

static void select_sends(chan_of(int) c0, chan_of(int) c1, chan_of(int) c2, chan_of(int) c3, waitgroup *done)
{
    int n[4] = {0};
    for (int i = 0; i < 4 * STRESS; i++) {
        chan_select {
            send_case(c3, 0) {
                count_case(&c3, &n[3]);
            }
            send_case(c2, 0) {
                count_case(&c2, &n[2]);
            }
            send_case(c0, 0) {
                count_case(&c0, &n[0]);
            }
            send_case(c1, 0) {
                count_case(&c1, &n[1]);
            }
        }
    }
    waitgroup_done(done);
}

static void select_receives(chan_of(int) c0, chan_of(int) c1, chan_of(int) c2, chan_of(int) c3, waitgroup *done)
{
    int n[4] = {0};
    for (int i = 0; i < 4 * STRESS; i++) {
        chan_select {
            recv_case(c0, NULL) {
                count_case(&c0, &n[0]);
            }
            recv_case(c1, NULL) {
                count_case(&c1, &n[1]);
            }
            recv_case(c2, NULL) {
                count_case(&c2, &n[2]);
            }
            recv_case(c3, NULL) {
                count_case(&c3, &n[3]);
            }
        }
    }
    waitgroup_done(done);
}

GORO_TEST(plain_and_select_mixed)
{
    chan_of(int) c[4] = {chan_make(int, 0), chan_make(int, 0), chan_make(int, 2), chan_make(int, 3)};
    waitgroup done = {0};
    waitgroup_add(&done, 10);
    for (int i = 0; i < 4; i++) {
        go(send_many, c[i], &done);
        go(receive_many, c[i], &done);
    }
    go(select_sends, c[0], c[1], c[2], c[3], &done);
    go(select_receives, c[0], c[1], c[2], c[3], &done);
    waitgroup_wait(&done);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(chan_len(c[i]), 0);
        chan_free(c[i]);
    }
}

/* ---- memory (select2): many selects leave nothing behind ---- */

static void send_n(chan_of(int) c, int n)
{
    for (int i = 0; i < n; i++)
        chan_send(c, 1);
}

static void select_n(chan_of(int) c, chan_of(int) dummy, int n)
{
    for (int i = 0; i < n; i++) {
        chan_select {
            recv_case(c, NULL) {
            }
            recv_case(dummy, NULL) {
                UNREACHABLE();
            }
        }
    }
}

static long anonymous_kib(void)
{
    char line[200];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kib = atol(line + 8);
    if (file)
        fclose(file);
    return kib;
}

/* One waiter left in dummy's queue each time would be megabytes in every round. What else grows (valgrind's own
   tables are in the same number) does not grow in all of them. */
GORO_TEST(selects_leave_no_memory_behind)
{
    enum { N = 50000, ROUNDS = 4 };
    chan_of(int) c = chan_make(int, 0), dummy = chan_make(int, 0);
    long least = LONG_MAX, before = anonymous_kib();
    for (int round = 0; round < ROUNDS; round++) {
        go(send_n, c, N);
        select_n(c, dummy, N);
        long now = anonymous_kib();
        if (now - before < least)
            least = now - before;
        before = now;
    }
    CHECK(least < 1024);
    chan_free(c);
    chan_free(dummy);
}

/* ---- time ---- */

GORO_TEST(timeout)
{
    chan_of(int) c = chan_make(int, 0);
    int n = 0;
    int64_t begin = goro_now();
    chan_select {
        recv_case(c, NULL) {
            UNREACHABLE();
        }
        timeout_case(3 * GORO_MILLISECOND) {
            n++;
        }
    }
    CHECK(goro_now() - begin >= 3 * GORO_MILLISECOND);
    chan_select { /* one that has passed is a default */
        send_case(c, 1) {
            UNREACHABLE();
        }
        timeout_case(0) {
            n++;
        }
    }
    chan_select { /* alone it is a sleep */
        timeout_case(1000) {
            n++;
        }
    }
    CHECK(!chan_try_send(c, 1)); /* the waiter of the first select is gone */
    chan_free(c);
    CHECK_EQ(n, 3);
}

/* More cases than the statement takes. */
GORO_TEST(function_with_many_cases)
{
    enum { N = 100 };
    struct goro_case cases[N];
    chan_of(int) c[N];
    int v[N] = {0};
    for (int i = 0; i < N; i++) {
        c[i] = chan_make(int, 1);
        cases[i] = (struct goro_case){.chan = (struct goro_chan *)(void *)c[i], .element = &v[i], .kind = GORO_CASE_RECV};
    }
    CHECK_EQ(goro_select_cases(cases, N, GORO_SELECT_DEFAULT), -EAGAIN);
    CHECK_EQ(goro_select_until(cases, N, goro_now() + 1000), -ETIMEDOUT);
    CHECK_EQ(goro_select_cases(cases, 0, GORO_SELECT_DEFAULT), -EAGAIN);
    for (int i = 0; i < N; i++) {
        chan_send(c[i], i + 1);
        CHECK_EQ(goro_select_cases(cases, N, 0), i);
        CHECK_EQ(v[i], i + 1);
        CHECK(cases[i].ok);
    }
    for (int i = 0; i < N; i++)
        chan_free(c[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits),
        cmocka_unit_test(does_not_wait),
        cmocka_unit_test(sends_evaluate_all_values),
        cmocka_unit_test(expressions_once_in_source_order),
        cmocka_unit_test(all_forms_of_one_ready_case),
        cmocka_unit_test(break_and_continue_leave_the_select),
        cmocka_unit_test(last_waiter_leaves_the_queue_intact),
        cmocka_unit_test(one_channel_in_two_cases),
        cmocka_unit_test(dropped_values),
        cmocka_unit_test(no_value_goes_out_twice),
        cmocka_unit_test(looks_at_one_moment),
        cmocka_unit_test(both_directions_of_one_channel),
        cmocka_unit_test(ready_cases_have_equal_chances),
        cmocka_unit_test(chances_of_eight),
        cmocka_unit_test(two_sends_on_one_channel_alternate),
        cmocka_unit_test(plain_and_select_mixed),
        cmocka_unit_test(selects_leave_no_memory_behind),
        cmocka_unit_test(timeout),
        cmocka_unit_test(function_with_many_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
