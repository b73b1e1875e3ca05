/* Rows about locks and atomics: a counter that comes out right. */
#include "bench.h"

enum { GOROUTINES = 4 };

struct shared {
    goro_mutex mutex;
    goro_rwmutex rwmutex;
    goro_waitgroup all;
    int64_t counter;
};

static void add_locked(struct shared *s, int64_t times)
{
    for (int64_t i = 0; i < times; i++) {
        goro_mutex_lock(&s->mutex);
        s->counter++;
        goro_mutex_unlock(&s->mutex);
    }
    goro_waitgroup_done(&s->all);
}

static void add_atomic(struct shared *s, int64_t times)
{
    for (int64_t i = 0; i < times; i++)
        goro_atomic_add(&s->counter, 1);
    goro_waitgroup_done(&s->all);
}

static void read_locked(struct shared *s, int64_t times)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < times; i++) {
        goro_rwmutex_rlock(&s->rwmutex);
        sum += s->counter;
        goro_rwmutex_runlock(&s->rwmutex);
    }
    bench_expect("sum of what was read", sum, times);
    goro_waitgroup_done(&s->all);
}

static void share(struct bench *b, struct shared *s, void (*work)(struct shared *s, int64_t times), int goroutines)
{
    bench_start(b);
    goro_waitgroup_add(&s->all, goroutines);
    for (int i = 0; i < goroutines; i++)
        bench_go(work, s, b->n / goroutines);
    goro_waitgroup_wait(&s->all);
    bench_stop(b);
}

void row_mutex(struct bench *b)
{
    struct shared s = {.counter = 0};
    share(b, &s, add_locked, 1);
    bench_expect("counter", s.counter, b->n);
}

void row_mutex_contended(struct bench *b)
{
    struct shared s = {.counter = 0};
    share(b, &s, add_locked, GOROUTINES);
    bench_expect("counter", s.counter, b->n);
}

void row_rwmutex(struct bench *b)
{
    struct shared s = {.counter = 1};
    share(b, &s, read_locked, GOROUTINES);
}

void row_atomic(struct bench *b)
{
    struct shared s = {.counter = 0};
    share(b, &s, add_atomic, GOROUTINES);
    bench_expect("counter", s.counter, b->n);
}
