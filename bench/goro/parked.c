/* The row about goroutines that wait: n are started, wait for one channel, and are woken by its close. Time is for the whole life of each
 * from a cold start, memory is measured while all wait. */
#include "bench.h"

struct crowd {
    goro_chan_of(char) gate;
    goro_waitgroup all;
    int64_t here, woken;
};

static void member(struct crowd *crowd)
{
    char nothing;
    goro_atomic_add(&crowd->here, 1);
    if (!goro_chan_recv(crowd->gate, &nothing))
        goro_atomic_add(&crowd->woken, 1);
    goro_waitgroup_done(&crowd->all);
}

void row_parked(struct bench *b)
{
    struct crowd crowd = {.gate = goro_chan_make(char, 0)};
    int64_t before = bench_resident();
    bench_start(b);
    goro_waitgroup_add(&crowd.all, (int)b->n);
    for (int64_t i = 0; i < b->n; i++)
        bench_go(member, &crowd);
    while (goro_atomic_load(&crowd.here) < b->n)
        goro_yield();
    b->bytes = (bench_resident() - before) / b->n;
    goro_chan_close(crowd.gate);
    goro_waitgroup_wait(&crowd.all);
    bench_stop(b);
    goro_chan_free(crowd.gate);
    bench_expect("goroutines woken", crowd.woken, b->n);
}
