/* Channels as Go's own tests have them: runtime/chan_test.go, test/chan/{fifo,goroutines,nonblock,sendstmt,zerosize},
 * test/{chancap,closedchan,chanlinear}, test/ken/chan1 in our words. docs/goro-tests.md says which is where. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "parked.h"

struct empty {};

/* ---- waiting and not waiting, for many capacities ---- */

static struct rt_g *first, *second;
static int received;

static void receive_one(recv_chan_of(int) c, struct rt_g **place, send_chan_of(int) out)
{
    HERE(*place);
    chan_send(out, chan_take(c));
    goro_atomic_add(&received, 1);
}

static void send_one(send_chan_of(int) c, int v, struct rt_g **place, send_chan_of(int) out)
{
    HERE(*place);
    chan_send(c, v);
    chan_send(out, v);
}

static void empty_makes_receivers_wait(int cap)
{
    chan_of(int) c = chan_make(int, cap), out = chan_make(int, 2);
    int v = 5;
    first = second = NULL;
    received = 0;
    go(receive_one, to_recv(c), &first, to_send(out));
    until_parked(&first, RT_REASON_CHAN_RECV);
    go(receive_one, to_recv(c), &second, to_send(out));
    until_parked(&second, RT_REASON_CHAN_RECV);
    CHECK_EQ(goro_atomic_load(&received), 0);
    CHECK_EQ(chan_try_recv(c, &v), -EAGAIN);
    CHECK_EQ(v, 5);
    chan_send(c, 10);
    CHECK_EQ(chan_take(out), 10);
    chan_send(c, 20);
    CHECK_EQ(chan_take(out), 20);
    CHECK_EQ(chan_len(c), 0);
    chan_free(c);
    chan_free(out);
}

static void full_makes_senders_wait(int cap)
{
    chan_of(int) c = chan_make(int, cap), out = chan_make(int, 1);
    first = NULL;
    for (int i = 0; i < cap; i++)
        chan_send(c, i);
    go(send_one, to_send(c), cap, &first, to_send(out));
    until_parked(&first, RT_REASON_CHAN_SEND);
    CHECK_EQ(chan_len(out), 0);
    CHECK(!chan_try_send(c, 99));
    CHECK_EQ(chan_len(c), cap);
    for (int i = 0; i <= cap; i++) /* the waiting sender's value comes last */
        CHECK_EQ(chan_take(c), i);
    CHECK_EQ(chan_take(out), cap);
    chan_free(c);
    chan_free(out);
}

static void closed_gives_what_is_left_then_zero(int cap)
{
    chan_of(int) c = chan_make(int, cap);
    int v;
    for (int i = 0; i < cap; i++)
        chan_send(c, i + 1);
    chan_close(c);
    for (int i = 0; i < cap; i++) {
        CHECK(chan_recv(c, &v));
        CHECK_EQ(v, i + 1);
    }
    for (int i = 0; i < 2; i++) {
        v = 77;
        CHECK(!chan_recv(c, &v));
        CHECK_EQ(v, 0);
        v = 77;
        CHECK_EQ(chan_try_recv(c, &v), 0);
        CHECK_EQ(v, 0);
        CHECK_EQ(chan_take(c), 0);
    }
    chan_free(c);
}

static void receive_and_tell(recv_chan_of(int) c, struct rt_g **place, send_chan_of(bool) out)
{
    int v = 77;
    HERE(*place);
    bool ok = chan_recv(c, &v);
    chan_send(out, !ok && v == 0);
}

static void close_wakes_all_receivers(int cap)
{
    chan_of(int) c = chan_make(int, cap);
    chan_of(bool) out = chan_make(bool, 2);
    first = second = NULL;
    go(receive_and_tell, to_recv(c), &first, to_send(out));
    go(receive_and_tell, to_recv(c), &second, to_send(out));
    until_parked(&first, RT_REASON_CHAN_RECV);
    until_parked(&second, RT_REASON_CHAN_RECV);
    chan_close(c);
    CHECK(chan_take(out));
    CHECK(chan_take(out));
    chan_free(c);
    chan_free(out);
}

static void send_numbers(send_chan_of(int) c, int n)
{
    for (int i = 0; i < n; i++)
        chan_send(c, i);
}

static void count_numbers(recv_chan_of(int) c, int n, int *seen, waitgroup *done)
{
    for (int i = 0; i < n; i++)
        goro_atomic_add(&seen[chan_take(c)], 1);
    waitgroup_done(done);
}

static void values_come_whole_and_in_order(int cap)
{
    enum { PEERS = 4, EACH = 400 };
    static int seen[EACH];
    chan_of(int) c = chan_make(int, cap);
    waitgroup done = {0};
    int v;

    go(send_numbers, to_send(c), 100);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(chan_take(c), i);
    go(send_numbers, to_send(c), 100);
    for (int i = 0; i < 100; i++)
        CHECK(chan_recv(c, &v) && v == i);

    memset(seen, 0, sizeof seen);
    waitgroup_add(&done, PEERS);
    for (int i = 0; i < PEERS; i++) {
        go(send_numbers, to_send(c), EACH);
        go(count_numbers, to_recv(c), EACH, seen, &done);
    }
    waitgroup_wait(&done);
    for (int i = 0; i < EACH; i++)
        CHECK_EQ(seen[i], PEERS);
    chan_free(c);
}

static void len_and_cap(int cap)
{
    chan_of(int) c = chan_make(int, cap);
    for (int i = 0; i <= cap; i++) {
        CHECK_EQ(chan_len(c), i);
        CHECK_EQ(chan_cap(c), cap);
        if (i < cap)
            chan_send(c, i);
    }
    chan_free(c);
}

GORO_TEST(every_capacity)
{
    for (int cap = 0; cap < 40; cap++) {
        empty_makes_receivers_wait(cap);
        full_makes_senders_wait(cap);
        closed_gives_what_is_left_then_zero(cap);
        close_wakes_all_receivers(cap);
        values_come_whole_and_in_order(cap);
        len_and_cap(cap);
    }
}

GORO_TEST(nil_channel)
{
    chan_of(int) c = NULL, out = chan_make(int, 1);
    int v = 3;
    first = second = NULL;
    CHECK_EQ(chan_len(c), 0);
    CHECK_EQ(chan_cap(c), 0);
    CHECK(!chan_try_send(c, 1));
    CHECK_EQ(chan_try_recv(c, &v), -EAGAIN);
    CHECK_EQ(chan_recv_until(c, goro_now() + 1000, &v), -ETIMEDOUT);
    CHECK_EQ(chan_send_until(c, goro_now() + 1000, 1), -ETIMEDOUT);
    CHECK_EQ(v, 3);
    chan_free(c);
    go(receive_one, to_recv(c), &first, to_send(out));
    go(send_one, to_send(c), 1, &second, to_send(out));
    until_parked(&first, RT_REASON_CHAN_NIL);
    until_parked(&second, RT_REASON_CHAN_NIL);
    CHECK_EQ(chan_len(out), 0);
    /* Both wait for ever; the end of the runtime takes them. */
}

/* ---- order ---- */

/* Unbuffered, with receivers that were queued one after the other: first come, first served. */
static void nth_receiver(recv_chan_of(int) c, int n, struct rt_g **place, int *wrong, waitgroup *done)
{
    HERE(*place);
    if (chan_take(c) != n)
        goro_atomic_add(wrong, 1);
    waitgroup_done(done);
}

GORO_TEST(waiters_are_served_in_order)
{
    enum { N = 20 };
    chan_of(int) c = chan_make(int, 0), out = chan_make(int, N);
    struct rt_g *places[N] = {0};
    waitgroup done = {0};
    int wrong = 0;

    waitgroup_add(&done, N);
    for (int i = 0; i < N; i++) {
        go(nth_receiver, to_recv(c), i, &places[i], &wrong, &done);
        until_parked(&places[i], RT_REASON_CHAN_RECV);
    }
    send_numbers(to_send(c), N);
    waitgroup_wait(&done);
    CHECK_EQ(wrong, 0);

    memset(places, 0, sizeof places);
    for (int i = 0; i < N; i++) {
        go(send_one, to_send(c), i, &places[i], to_send(out));
        until_parked(&places[i], RT_REASON_CHAN_SEND);
    }
    for (int i = 0; i < N; i++)
        CHECK_EQ(chan_take(c), i);
    for (int i = 0; i < N; i++)
        chan_take(out);
    chan_free(c);
    chan_free(out);
}

static void link_of_chain(recv_chan_of(int) c, int want, recv_chan_of(int) in, send_chan_of(int) next)
{
    chan_take(in);
    CHECK_EQ(chan_take(c), want);
    chan_send(next, 1);
}

/* Each goroutine takes one value when its predecessor has taken its own. */
GORO_TEST(fifo_through_a_chain)
{
    enum { N = 10 };
    chan_of(int) c = chan_make(int, 0), in = chan_make(int, 0), start = in;
    for (int i = 0; i < N; i++) {
        chan_of(int) next = chan_make(int, 0);
        go(link_of_chain, to_recv(c), i, to_recv(in), to_send(next));
        in = next;
    }
    chan_send(start, 0);
    send_numbers(to_send(c), N);
    CHECK_EQ(chan_take(in), 1);
}

static void pass_left(chan_of(int) left, chan_of(int) right)
{
    chan_send(left, chan_take(right));
}

GORO_TEST(ten_thousand_in_a_chain)
{
    chan_of(int) leftmost = chan_make(int, 0), left = leftmost;
    for (int i = 0; i < 10000; i++) {
        chan_of(int) right = chan_make(int, 0);
        go(pass_left, left, right);
        left = right;
    }
    chan_send(left, 1);
    CHECK_EQ(chan_take(leftmost), 1);
}

/* ---- kinds of elements ---- */

struct text {
    char bytes[40];
};

#define KIND(name, T, one, other, EQUAL) \
    static void name##_receiver(chan_of(T) c, chan_of(bool) strobe) \
    { \
        T v = chan_take(c), want = one; \
        CHECK(EQUAL(v, want)); \
        chan_send(strobe, true); \
    } \
    static void name##_sender(chan_of(T) c, chan_of(bool) strobe) \
    { \
        T v = other; \
        chan_send(c, v); \
        chan_send(strobe, true); \
    } \
    GORO_TEST(nonblocking_##name) \
    { \
        for (int cap = 0; cap < 2; cap++) { \
            chan_of(T) c = chan_make(T, cap); \
            chan_of(bool) strobe = chan_make(bool, 0); \
            T v = one, value = one, want = other; \
            CHECK_EQ(chan_try_recv(c, &v), -EAGAIN); \
            CHECK(EQUAL(v, value)); \
            go(name##_receiver, c, strobe); \
            while (!chan_try_send(c, value)) \
                yield(); \
            chan_take(strobe); \
            go(name##_sender, c, strobe); \
            if (cap > 0) \
                chan_take(strobe); \
            while (chan_try_recv(c, &v) != 1) \
                yield(); \
            CHECK(EQUAL(v, want)); \
            if (cap == 0) \
                chan_take(strobe); \
            chan_free(c); \
            chan_free(strobe); \
        } \
    }
#define SAME(a, b) ((a) == (b))
#define SAME_TEXT(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0)
KIND(int32, int32_t, 123, 234, SAME)
KIND(int64, int64_t, 123456, INT64_C(1) << 40, SAME)
KIND(bool, bool, true, true, SAME)
KIND(byte, char, 'a', 'b', SAME)
KIND(double, double, 0.5, -1.25, SAME)
KIND(struct, struct text, ((struct text){"hello"}), ((struct text){"hello again, and long enough"}), SAME_TEXT)

static void send_signals(chan_of(struct empty) c, int n)
{
    for (int i = 0; i < n; i++)
        chan_send(c, (struct empty){});
    chan_close(c);
}

GORO_TEST(elements_without_size)
{
    for (int cap = 0; cap < 3; cap++) {
        chan_of(struct empty) c = chan_make(struct empty, cap);
        int n = 0;
        go(send_signals, c, 100);
        chan_range(c, v) n++;
        CHECK_EQ(n, 100);
        CHECK_EQ(chan_cap(c), cap);
        chan_free(c);
    }
    chan_of(struct empty) c = chan_make(struct empty, 2);
    CHECK(chan_try_send(c, (struct empty){}));
    CHECK(chan_try_send(c, (struct empty){}));
    CHECK(!chan_try_send(c, (struct empty){}));
    CHECK_EQ(chan_len(c), 2);
    chan_free(c);
}

struct big {
    char bytes[5000];
};

static void send_big(chan_of(struct big) c)
{
    struct big b;
    for (int i = 0; i < 20; i++) {
        memset(&b, i, sizeof b);
        chan_send(c, b);
    }
    chan_close(c);
}

GORO_TEST(big_elements)
{
    for (int cap = 0; cap < 3; cap++) {
        chan_of(struct big) c = chan_make(struct big, cap);
        int i = 0;
        go(send_big, c);
        chan_range(c, b) {
            CHECK(b.bytes[0] == i && b.bytes[2500] == i && b.bytes[4999] == i);
            i++;
        }
        CHECK_EQ(i, 20);
        chan_free(c);
    }
}

GORO_TEST(channel_of_channels)
{
    chan_of(chan_of(int)) cc = chan_make(chan_of(int), 1);
    chan_of(int) c = chan_make(int, 1);
    int chosen = 0;
    chan_send(cc, c);
    chan_select { /* the channel to send on comes out of a channel, once */
        send_case(chan_take(cc), 2) {
            chosen = 1;
        }
        default_case {
            chosen = 2;
        }
    }
    CHECK_EQ(chosen, 1);
    CHECK_EQ(chan_take(c), 2);
    chan_of(bool) b = chan_make(bool, 1);
    chan_send(b, false || true);
    CHECK(chan_take(b));
    chan_free(b);
    chan_free(c);
    chan_free(cc);
}

static int calls;

static chan_of(int) counted(chan_of(int) c)
{
    calls++;
    return c;
}

/* Channel and value are evaluated once, the channel first, and before anything waits. */
GORO_TEST(operands_once_and_in_order)
{
    chan_of(int) c = chan_make(int, 4);
    int v, n = 0;
    calls = 0;
    chan_send(counted(c), calls * 10);
    CHECK_EQ(calls, 1);
    CHECK_EQ(chan_take(counted(c)), 10);
    CHECK_EQ(calls, 2);
    CHECK(chan_try_send(counted(c), calls));
    CHECK_EQ(chan_try_recv(counted(c), &v), 1);
    CHECK_EQ(v, 3);
    CHECK_EQ(calls, 4);
    for (int i = 0; i < 4; i++)
        chan_send(c, i);
    chan_close(c);
    chan_range(counted(c), x) {
        if (x == 0)
            continue;
        n += x;
        if (x == 2)
            break;
    }
    CHECK_EQ(calls, 5);
    CHECK_EQ(n, 3);
    CHECK_EQ(chan_len(c), 1);
    chan_free(c);
}

/* ---- races of a close or of two operations ---- */

static void must_be_ready(recv_chan_of(int) c, waitgroup *done)
{
    int v;
    CHECK(chan_try_recv(c, &v) >= 0); /* the value, or closed; never "would wait" */
    waitgroup_done(done);
}

GORO_TEST(nonblocking_receive_sees_value_or_close)
{
    for (int i = 0; i < 5000; i++) {
        chan_of(int) c = chan_make(int, 1);
        waitgroup done = {0};
        chan_send(c, 1);
        waitgroup_add(&done, 1);
        go(must_be_ready, to_recv(c), &done);
        chan_close(c);
        chan_take(c);
        waitgroup_wait(&done);
        chan_free(c);
    }
}

static void consume(int id, chan_of(int) in, chan_of(int) out, waitgroup *done)
{
    static const int upset[] = {2, 3, 7, 11, 13, 17, 19, 23, 27, 31};
    chan_range(in, v) {
        if (v == upset[id % 10])
            yield();
        chan_send(out, v);
    }
    waitgroup_done(done);
}

static void feed(chan_of(int) in, chan_of(int) out, int n, waitgroup *done, int64_t *sum)
{
    static const int values[] = {2, 3, 7, 11, 13, 17, 19, 23, 27, 31};
    for (int i = 0; i < n; i++) {
        *sum += values[i % 10];
        chan_send(in, values[i % 10]);
    }
    chan_close(in);
    waitgroup_wait(done);
    chan_close(out);
}

GORO_TEST(many_consumers)
{
    enum { CONSUMERS = 23, N = 100000 };
    chan_of(int) in = chan_make(int, CONSUMERS * 3), out = chan_make(int, CONSUMERS * 3);
    waitgroup done = {0};
    int64_t want = 0, sum = 0;
    int n = 0;
    waitgroup_add(&done, CONSUMERS);
    for (int i = 0; i < CONSUMERS; i++)
        go(consume, i, in, out, &done);
    go(feed, in, out, N, &done, &want);
    chan_range(out, v) {
        n++;
        sum += v;
    }
    CHECK_EQ(n, N);
    CHECK_EQ(sum, want);
    chan_free(in);
    chan_free(out);
}

/* ---- time grows with the number, not its square (test/chanlinear) ---- */

static void park_on(chan_of(int) c, chan_of(int) never, waitgroup *done)
{
    chan_select {
        recv_case(c, NULL) {
        }
        recv_case(never, NULL) {
        }
    }
    waitgroup_done(done);
}

/* N selects that wait on one more channel leave its queue from the front or from the back: the CPU time it takes. */
static int64_t leave_queue(int n, bool from_front)
{
    chan_of(int) never = chan_make(int, 0);
    chan_of(int) *each = malloc((size_t)n * sizeof *each);
    waitgroup done = {0};
    waitgroup_add(&done, n);
    for (int i = 0; i < n; i++) {
        each[i] = chan_make(int, 0);
        go(park_on, each[i], never, &done);
    }
    goro_yield();
    int64_t begin = cpu_time();
    for (int i = 0; i < n; i++)
        chan_send(each[from_front ? i : n - 1 - i], 1);
    waitgroup_wait(&done);
    int64_t took = cpu_time() - begin;
    for (int i = 0; i < n; i++)
        chan_free(each[i]);
    free(each);
    chan_free(never);
    return took;
}

/* Taking one out of a queue must not walk through the others: from the back that would be N*N/2 = 200 million steps of
 * cache misses, which is hundreds of times what leaving from the front takes. */
GORO_TEST(leaving_a_long_queue_is_cheap)
{
    enum { N = 20000 };
    int64_t front = leave_queue(N, true);
    CHECK(leave_queue(N, false) < 20 * front);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_capacity),
        cmocka_unit_test(nil_channel),
        cmocka_unit_test(waiters_are_served_in_order),
        cmocka_unit_test(fifo_through_a_chain),
        cmocka_unit_test(ten_thousand_in_a_chain),
        cmocka_unit_test(nonblocking_int32),
        cmocka_unit_test(nonblocking_int64),
        cmocka_unit_test(nonblocking_bool),
        cmocka_unit_test(nonblocking_byte),
        cmocka_unit_test(nonblocking_double),
        cmocka_unit_test(nonblocking_struct),
        cmocka_unit_test(elements_without_size),
        cmocka_unit_test(big_elements),
        cmocka_unit_test(channel_of_channels),
        cmocka_unit_test(operands_once_and_in_order),
        cmocka_unit_test(nonblocking_receive_sees_value_or_close),
        cmocka_unit_test(many_consumers),
        cmocka_unit_test(leaving_a_long_queue_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
