/* Rows about timers. Durations come from the same generator in both languages. */
#include "bench.h"

#include <stdlib.h>

/* A number below `bound`, from i: the multiplier is Knuth's for hashing. */
static int64_t spread(int64_t i, int64_t bound)
{
    return (int64_t)((uint64_t)i * 2654435761u % (uint64_t)bound);
}

static void sleeper(int64_t ns, int64_t *early, goro_waitgroup *all)
{
    int64_t start = goro_now();
    goro_sleep(ns);
    if (goro_now() - start < ns)
        goro_atomic_add(early, 1);
    goro_waitgroup_done(all);
}

/* n goroutines that sleep up to a millisecond each, all at once: the time is for start, sleep and end of each. */
void row_sleepers(struct bench *b)
{
    goro_waitgroup all = {0};
    int64_t early = 0;
    bench_start(b);
    goro_waitgroup_add(&all, (int)b->n);
    for (int64_t i = 0; i < b->n; i++)
        bench_go(sleeper, spread(i, GORO_MILLISECOND), &early, &all);
    goro_waitgroup_wait(&all);
    bench_stop(b);
    bench_expect("goroutines that woke early", early, 0);
}

static void never(void *arg)
{
    (void)arg;
    bench_expect("timers that fired", 1, 0);
}

/* n timers that are due in an hour or two, made and then stopped in another order: pending ones in masses. */
void row_timers(struct bench *b)
{
    struct goro_timer **timers = malloc((size_t)b->n * sizeof *timers);
    int64_t stopped = 0;
    bench_start(b);
    for (int64_t i = 0; i < b->n; i++)
        timers[i] = goro_after_func(3600 * GORO_SECOND + spread(i, 3600 * GORO_SECOND), never, NULL);
    for (int64_t i = 0; i < b->n; i++) {
        struct goro_timer **t = &timers[i * 7919 % b->n];
        stopped += goro_timer_stop(*t);
        goro_timer_free(*t);
    }
    bench_stop(b);
    free(timers);
    bench_expect("timers stopped while pending", stopped, b->n);
}
