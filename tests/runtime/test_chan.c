/* Channels from inside: what Go's tests (go_chan.c) do not reach. Deadlines against wakers and closers, waiters and elements, many
 * sizes, memory that goes with the last use. */
#include "run.h"

#include <string.h>

#include "chan.h"
#include "parked.h"

typedef goro_chan_of(int64_t) longs;

static struct goro_chan *inside(longs c)
{
    return (struct goro_chan *)(void *)c;
}

/* ---- sizes ---- */

/* A ring of `capacity` elements of `size` bytes, gone round several times; each byte is checked. */
static void ring(size_t size, size_t capacity)
{
    unsigned char in[300], out[302];
    struct goro_chan *c = goro_chan_new(size, capacity);
    unsigned sent = 0, received = 0;
    while (received < 3 * capacity + 2) {
        while (memset(in, (int)(sent % 251), sizeof in), goro_chan_try_send_raw(c, in) == 0)
            sent++;
        CHECK_EQ(goro_chan_len_raw(c), capacity);
        for (unsigned i = 0; i <= received % capacity; i++) {
            memset(out, 255, sizeof out);
            CHECK_EQ(goro_chan_try_recv_raw(c, out + 1), 1);
            for (size_t k = 0; k < size; k++)
                CHECK_EQ(out[k + 1], received % 251);
            CHECK_EQ(out[0], 255);
            CHECK_EQ(out[size + 1], 255);
            received++;
        }
        CHECK_EQ(goro_chan_len_raw(c), sent - received);
    }
    goro_chan_free_raw(c);
}

GORO_TEST(test_sizes_and_capacities)
{
    for (size_t capacity = 1; capacity < 6; capacity++)
        for (size_t size = 0; size <= 300; size += size < 20 ? 1 : 35)
            ring(size, capacity);
}

GORO_TEST(test_null_drops_the_element)
{
    longs c = goro_chan_make(int64_t, 2);
    goro_chan_send(c, 1);
    goro_chan_send(c, 2);
    CHECK(goro_chan_recv(c, NULL));
    CHECK_EQ(goro_chan_take(c), 2);
    goro_chan_close(c);
    CHECK(!goro_chan_recv(c, NULL));
    goro_chan_free(c);
    goro_chan_free((longs)NULL);
}

/* ---- waiting in order, over the ring's end ---- */

static struct rt_g *places[8];

static void send_value(longs c, int64_t v, struct rt_g **place)
{
    HERE(*place);
    goro_chan_send(c, v);
}

/* A full buffer and senders behind it: values come in the order in which they were sent, those of waiters included. */
static void senders_behind(size_t capacity)
{
    longs c = goro_chan_make(int64_t, capacity);
    int64_t next = 0, v;
    for (size_t i = 0; i < capacity; i++)
        goro_chan_send(c, next++);
    for (int i = 0; i < 8; i++) {
        places[i] = NULL;
        goro_go(send_value, c, next++, &places[i]);
        until_parked(&places[i], RT_REASON_CHAN_SEND);
    }
    for (int64_t i = 0; i < next; i++) {
        CHECK_EQ(goro_chan_try_recv(c, &v), 1);
        CHECK_EQ(v, i);
        size_t left = (size_t)(next - i - 1);
        CHECK_EQ(goro_chan_len(c), left < capacity ? left : capacity);
    }
    CHECK_EQ(goro_chan_try_recv(c, &v), -EAGAIN);
    goro_chan_free(c);
}

GORO_TEST(test_senders_wait_in_order)
{
    for (size_t capacity = 0; capacity < 5; capacity++)
        senders_behind(capacity);
}

/* ---- deadlines ---- */

GORO_TEST(test_deadlines_alone)
{
    longs c = goro_chan_make(int64_t, 0), nil = NULL;
    int64_t v = 5, soon = goro_now() + GORO_MILLISECOND;
    CHECK_EQ(goro_chan_recv_until(c, soon, &v), -ETIMEDOUT);
    CHECK(goro_now() >= soon);
    CHECK_EQ(goro_chan_send_until(c, goro_now() + GORO_MILLISECOND, 1), -ETIMEDOUT);
    CHECK_EQ(goro_chan_recv_until(nil, goro_now() + GORO_MILLISECOND, &v), -ETIMEDOUT);
    CHECK_EQ(goro_chan_send_until(nil, goro_now() + GORO_MILLISECOND, 1), -ETIMEDOUT);
    for (int64_t past = -1; past < 2; past++) {
        CHECK_EQ(goro_chan_recv_until(c, past, &v), -ETIMEDOUT);
        CHECK_EQ(goro_chan_send_until(c, past, 1), -ETIMEDOUT);
        CHECK_EQ(goro_chan_recv_until(nil, past, &v), -ETIMEDOUT);
    }
    CHECK_EQ(v, 5); /* untouched */
    CHECK(!inside(c)->senders.first && !inside(c)->receivers.first);
    goro_chan_close(c);
    CHECK_EQ(goro_chan_recv_until(c, 0, &v), 0); /* what can be done at once is done, however late */
    CHECK_EQ(v, 0);
    goro_chan_free(c);
}

static int64_t sent_sum, received_sum;
static int sent_count, received_count, running;

static void late_sender(longs c, int64_t v, int64_t deadline)
{
    if (goro_chan_send_until(c, deadline, v) == 0) {
        __atomic_add_fetch(&sent_sum, v, __ATOMIC_RELAXED);
        __atomic_add_fetch(&sent_count, 1, __ATOMIC_RELAXED);
    }
    __atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
}

static void late_receiver(longs c, int64_t deadline)
{
    int64_t v = -1;
    int result = goro_chan_recv_until(c, deadline, &v);
    if (result > 0) {
        __atomic_add_fetch(&received_sum, v, __ATOMIC_RELAXED);
        __atomic_add_fetch(&received_count, 1, __ATOMIC_RELAXED);
    } else {
        CHECK_EQ(result, -ETIMEDOUT);
        CHECK_EQ(v, -1);
    }
    __atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
}

/* Deadlines that land together with partners: each value is sent and received, or neither. */
static void deadlines_against_partners(size_t capacity)
{
    longs c = goro_chan_make(int64_t, capacity);
    int64_t v;
    sent_sum = received_sum = 0;
    sent_count = received_count = 0;
    for (int round = 0; round < 200; round++) {
        running = 20;
        for (int i = 0; i < 10; i++) {
            goro_go(late_sender, c, round * 10 + i + 1, goro_now() + i * 3000);
            goro_go(late_receiver, c, goro_now() + (10 - i) * 3000);
        }
        while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) > 0)
            goro_yield();
    }
    while (goro_chan_try_recv(c, &v) > 0) {
        received_sum += v;
        received_count++;
    }
    CHECK_EQ(received_count, sent_count);
    CHECK_EQ(received_sum, sent_sum);
    CHECK(!inside(c)->senders.first && !inside(c)->receivers.first);
    goro_chan_free(c);
}

GORO_TEST(test_deadlines_against_partners)
{
    for (size_t capacity = 0; capacity < 4; capacity++)
        deadlines_against_partners(capacity);
}

static int closed_count, late_count;

static void until_closed(longs c, int64_t deadline)
{
    int64_t v = -1;
    int result = goro_chan_recv_until(c, deadline, &v);
    CHECK(result == 0 || result == -ETIMEDOUT);
    CHECK_EQ(v, result == 0 ? 0 : -1);
    __atomic_add_fetch(result == 0 ? &closed_count : &late_count, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
}

GORO_TEST(test_deadlines_against_close)
{
    closed_count = late_count = 0;
    for (int round = 0; round < 200; round++) {
        longs c = goro_chan_make(int64_t, round % 2);
        running = 10;
        for (int i = 0; i < 10; i++)
            goro_go(until_closed, c, i % 3 ? goro_now() + i * 1000 : GORO_FOREVER);
        for (int i = round % 3; i > 0; i--)
            goro_yield();
        goro_chan_close(c);
        while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) > 0)
            goro_yield();
        goro_chan_free(c);
    }
    CHECK_EQ(closed_count + late_count, 2000);
    CHECK(closed_count >= 800); /* those that had for ever */
}

/* ---- memory that goes with the last use ---- */

static void send_last(longs c)
{
    goro_chan_send(c, 42);
}

static void close_last(longs c)
{
    goro_chan_close(c);
}

/* Freed by the receiver at once, while the sender or closer may still be on its way out. */
GORO_TEST(test_freed_after_the_last_receive)
{
    for (int round = 0; round < 3000; round++) {
        longs c = goro_chan_make(int64_t, round % 3);
        int64_t v = -1;
        bool closes = round % 2;
        if (closes)
            goro_go(close_last, c);
        else
            goro_go(send_last, c);
        CHECK_EQ(goro_chan_recv(c, &v), !closes);
        CHECK_EQ(v, closes ? 0 : 42);
        goro_chan_free(c);
    }
}

/* ---- all at once ---- */

enum { SIDES = 6, EACH = 2000 };
static int64_t got[SIDES];

static void produce(longs c, int64_t base, longs done)
{
    for (int64_t i = 1; i <= EACH; i++)
        if (i % 5)
            goro_chan_send(c, base + i);
        else
            while (!goro_chan_try_send(c, base + i))
                goro_yield();
    goro_chan_send(done, 1);
}

/* What one producer sends arrives in its order, at each consumer. */
static void consume(longs c, int64_t *sum, longs done)
{
    int64_t last[SIDES] = {0};
    goro_chan_range(c, v) {
        int64_t who = v >> 32;
        CHECK(v > last[who]);
        last[who] = v;
        *sum += v & INT32_MAX;
    }
    goro_chan_send(done, 1);
}

GORO_TEST(test_many_to_many)
{
    for (size_t capacity = 0; capacity < 17; capacity = 2 * capacity + 1) {
        longs c = goro_chan_make(int64_t, capacity), sent = goro_chan_make(int64_t, 0),
              received = goro_chan_make(int64_t, 0);
        int64_t sum = 0;
        memset(got, 0, sizeof got);
        for (int64_t i = 0; i < SIDES; i++) {
            goro_go(produce, c, i << 32, sent);
            goro_go(consume, c, &got[i], received);
        }
        for (int i = 0; i < SIDES; i++)
            goro_chan_take(sent);
        goro_chan_close(c);
        for (int i = 0; i < SIDES; i++)
            goro_chan_take(received);
        for (int i = 0; i < SIDES; i++)
            sum += got[i];
        CHECK_EQ(sum, (int64_t)SIDES * EACH * (EACH + 1) / 2);
        goro_chan_free(c);
        goro_chan_free(sent);
        goro_chan_free(received);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_and_capacities),         cmocka_unit_test(test_null_drops_the_element),
        cmocka_unit_test(test_senders_wait_in_order),        cmocka_unit_test(test_deadlines_alone),
        cmocka_unit_test(test_deadlines_against_partners),   cmocka_unit_test(test_deadlines_against_close),
        cmocka_unit_test(test_freed_after_the_last_receive), cmocka_unit_test(test_many_to_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
