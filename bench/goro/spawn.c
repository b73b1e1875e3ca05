/* Rows about goroutines themselves: start and end, yield, a tree of them. */
#include "bench.h"

enum { BATCH = 1000, YIELDERS = 4, CHILDREN = 10 };

static void count_and_leave(int64_t *ended, goro_waitgroup *all)
{
    goro_atomic_add(ended, 1);
    goro_waitgroup_done(all);
}

/* One at a time: start it, wait for its end. */
void row_spawn(struct bench *b)
{
    goro_waitgroup all = {0};
    int64_t ended = 0;
    bench_start(b);
    for (int64_t i = 0; i < b->n; i++) {
        goro_waitgroup_add(&all, 1);
        bench_go(count_and_leave, &ended, &all);
        goro_waitgroup_wait(&all);
    }
    bench_stop(b);
    bench_expect("goroutines that ended", ended, b->n);
}

/* A thousand at a time. */
void row_spawn_many(struct bench *b)
{
    goro_waitgroup all = {0};
    int64_t ended = 0;
    bench_start(b);
    for (int64_t i = 0; i < b->n; i += BATCH) {
        goro_waitgroup_add(&all, BATCH);
        for (int j = 0; j < BATCH; j++)
            bench_go(count_and_leave, &ended, &all);
        goro_waitgroup_wait(&all);
    }
    bench_stop(b);
    bench_expect("goroutines that ended", ended, b->n);
}

static void yielder(int64_t times, int64_t *yields, goro_waitgroup *all)
{
    int64_t done = 0;
    while (done < times) {
        goro_yield();
        done++;
    }
    goro_atomic_add(yields, done);
    goro_waitgroup_done(all);
}

void row_yield(struct bench *b)
{
    goro_waitgroup all = {0};
    int64_t yields = 0;
    bench_start(b);
    goro_waitgroup_add(&all, YIELDERS);
    for (int i = 0; i < YIELDERS; i++)
        bench_go(yielder, b->n / YIELDERS, &yields, &all);
    goro_waitgroup_wait(&all);
    bench_stop(b);
    bench_expect("yields", yields, b->n);
}

static void node(goro_chan_of(int64_t) sum, int64_t first, int64_t leaves)
{
    if (leaves == 1) {
        goro_chan_send(sum, first);
        return;
    }
    goro_chan_of(int64_t) parts = goro_chan_make(int64_t, 0);
    int64_t total = 0, part = leaves / CHILDREN;
    for (int i = 0; i < CHILDREN; i++)
        bench_go(node, parts, first + i * part, part);
    for (int i = 0; i < CHILDREN; i++)
        total += goro_chan_take(parts);
    goro_chan_free(parts);
    goro_chan_send(sum, total);
}

/* n is a power of ten. */
void row_skynet(struct bench *b)
{
    goro_chan_of(int64_t) sum = goro_chan_make(int64_t, 0);
    bench_start(b);
    bench_go(node, sum, 0, b->n);
    int64_t total = goro_chan_take(sum);
    bench_stop(b);
    goro_chan_free(sum);
    bench_expect("sum of all leaves", total, b->n * (b->n - 1) / 2);
}
