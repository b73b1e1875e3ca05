/* Rows about channels. Values are 1 to n, and their sum is checked. */
#include "bench.h"

#include <stdlib.h>

enum { ROOM = 128, SIDES = 4 };

static int64_t sum_to(int64_t n)
{
    return n * (n + 1) / 2;
}

/* Nobody waits: one goroutine sends and receives, an operation is either. */
void row_channel(struct bench *b)
{
    goro_chan_of(int64_t) c = goro_chan_make(int64_t, ROOM);
    int64_t sum = 0;
    bench_start(b);
    for (int64_t i = 1; i <= b->n / 2; i++) {
        goro_chan_send(c, i);
        sum += goro_chan_take(c);
    }
    bench_stop(b);
    goro_chan_free(c);
    bench_expect("sum", sum, sum_to(b->n / 2));
}

static void pong(goro_chan_of(int64_t) ping, goro_chan_of(int64_t) back)
{
    goro_chan_range(ping, value)
        goro_chan_send(back, value + 1);
    goro_chan_close(back);
}

/* There and back. */
void row_pingpong(struct bench *b)
{
    goro_chan_of(int64_t) there = goro_chan_make(int64_t, 0), back = goro_chan_make(int64_t, 0);
    int64_t value = 0, more;
    bench_go(pong, there, back);
    bench_start(b);
    for (int64_t i = 0; i < b->n; i++) {
        goro_chan_send(there, value);
        value = goro_chan_take(back);
    }
    bench_stop(b);
    goro_chan_close(there);
    bench_expect("values after the last", goro_chan_recv(back, &more), 0);
    goro_chan_free(there);
    goro_chan_free(back);
    bench_expect("round trips", value, b->n);
}

static void produce(goro_chan_of(int64_t) c, int64_t first, int64_t last, int64_t step, goro_waitgroup *all)
{
    for (int64_t i = first; i <= last; i += step)
        goro_chan_send(c, i);
    goro_waitgroup_done(all);
}

static void consume(goro_chan_of(int64_t) c, int64_t *sum, goro_waitgroup *all)
{
    int64_t mine = 0;
    goro_chan_range(c, value)
        mine += value;
    goro_atomic_add(sum, mine);
    goro_waitgroup_done(all);
}

static void produce_and_consume(struct bench *b, int sides)
{
    goro_chan_of(int64_t) c = goro_chan_make(int64_t, ROOM);
    goro_waitgroup producers = {0}, consumers = {0};
    int64_t sum = 0;
    bench_start(b);
    goro_waitgroup_add(&producers, sides);
    goro_waitgroup_add(&consumers, sides);
    for (int i = 0; i < sides; i++) {
        bench_go(produce, c, i + 1, b->n, sides, &producers);
        bench_go(consume, c, &sum, &consumers);
    }
    goro_waitgroup_wait(&producers);
    goro_chan_close(c);
    goro_waitgroup_wait(&consumers);
    bench_stop(b);
    goro_chan_free(c);
    bench_expect("sum", sum, sum_to(b->n));
}

void row_buffered(struct bench *b)
{
    produce_and_consume(b, 1);
}

void row_mpmc(struct bench *b)
{
    produce_and_consume(b, SIDES);
}

/* Each producer has an unbuffered channel of its own; one goroutine selects among them. */
void row_select2(struct bench *b)
{
    goro_chan_of(int64_t) c[2];
    goro_waitgroup all = {0};
    int64_t sum = 0, v;
    goro_waitgroup_add(&all, 2);
    for (int i = 0; i < 2; i++)
        c[i] = goro_chan_make(int64_t, 0);
    bench_start(b);
    for (int i = 0; i < 2; i++)
        bench_go(produce, c[i], i + 1, b->n, 2, &all);
    for (int64_t i = 0; i < b->n; i++) {
        goro_select {
            goro_recv_case(c[0], &v) { sum += v; }
            goro_recv_case(c[1], &v) { sum += v; }
        }
    }
    bench_stop(b);
    goro_waitgroup_wait(&all);
    for (int i = 0; i < 2; i++)
        goro_chan_free(c[i]);
    bench_expect("sum", sum, sum_to(b->n));
}

void row_select8(struct bench *b)
{
    goro_chan_of(int64_t) c[8];
    goro_waitgroup all = {0};
    int64_t sum = 0, v;
    goro_waitgroup_add(&all, 8);
    for (int i = 0; i < 8; i++)
        c[i] = goro_chan_make(int64_t, 0);
    bench_start(b);
    for (int i = 0; i < 8; i++)
        bench_go(produce, c[i], i + 1, b->n, 8, &all);
    for (int64_t i = 0; i < b->n; i++) {
        goro_select {
            goro_recv_case(c[0], &v) { sum += v; }
            goro_recv_case(c[1], &v) { sum += v; }
            goro_recv_case(c[2], &v) { sum += v; }
            goro_recv_case(c[3], &v) { sum += v; }
            goro_recv_case(c[4], &v) { sum += v; }
            goro_recv_case(c[5], &v) { sum += v; }
            goro_recv_case(c[6], &v) { sum += v; }
            goro_recv_case(c[7], &v) { sum += v; }
        }
    }
    bench_stop(b);
    goro_waitgroup_wait(&all);
    for (int i = 0; i < 8; i++)
        goro_chan_free(c[i]);
    bench_expect("sum", sum, sum_to(b->n));
}

static void generate(goro_chan_of(int64_t) out, int64_t *stop, goro_waitgroup *all)
{
    for (int64_t i = 2; !goro_atomic_load(stop); i++)
        goro_chan_send(out, i);
    goro_chan_close(out);
    goro_waitgroup_done(all);
}

static void sift(goro_chan_of(int64_t) in, goro_chan_of(int64_t) out, int64_t prime, goro_waitgroup *all)
{
    goro_chan_range(in, i)
        if (i % prime != 0)
            goro_chan_send(out, i);
    goro_chan_close(out);
    goro_waitgroup_done(all);
}

static int64_t nth_prime(int64_t n)
{
    int64_t candidate = 1;
    while (n > 0) {
        int64_t divisor = 2;
        for (candidate++; divisor * divisor <= candidate && candidate % divisor != 0;)
            divisor++;
        n -= divisor * divisor > candidate;
    }
    return candidate;
}

/* The chain of filters; an operation is a prime. Stopping them is outside of the time. */
void row_sieve(struct bench *b)
{
    goro_chan_of(int64_t) *c = malloc(((size_t)b->n + 1) * sizeof *c);
    goro_waitgroup all = {0};
    int64_t prime = 0, stop = 0, more;
    c[0] = goro_chan_make(int64_t, 0);
    bench_start(b);
    goro_waitgroup_add(&all, (int)b->n + 1);
    bench_go(generate, c[0], &stop, &all);
    for (int64_t i = 0; i < b->n; i++) {
        prime = goro_chan_take(c[i]);
        c[i + 1] = goro_chan_make(int64_t, 0);
        bench_go(sift, c[i], c[i + 1], prime, &all);
    }
    bench_stop(b);
    goro_atomic_store(&stop, 1);
    while (goro_chan_recv(c[b->n], &more))
        bench_expect("numbers up to the last prime that came later", more <= prime, 0);
    goro_waitgroup_wait(&all);
    for (int64_t i = 0; i <= b->n; i++)
        goro_chan_free(c[i]);
    free(c);
    bench_expect("the last prime", prime, nth_prime(b->n));
}
