/* The row about the bare switch between two stacks, without a scheduler: an operation is one switch. */
#include "bench.h"

#include <stdlib.h>

#include "context.h"
#include "rt.h"

enum { STACK = 64 << 10 };

static struct pair {
    void *here, *there;
    int64_t switches;
} pair;

static void bounce(void)
{
    for (;;) {
        pair.switches++;
        rt_ctx_switch(&pair.there, pair.here);
    }
}

void row_switch(struct bench *b)
{
    char *stack = aligned_alloc(64, STACK);
    /* As if called: 8 bytes off a multiple of 16. */
    struct rt_frame *frame = (struct rt_frame *)(stack + STACK - 8) - 1;
    *frame = (struct rt_frame){.mxcsr = RT_MXCSR, .x87 = RT_X87, .rip = (void *)bounce};
    pair = (struct pair){.there = frame};
    rt_enter();
    bench_start(b);
    for (int64_t i = 0; i < b->n; i += 2)
        rt_ctx_switch(&pair.here, pair.there);
    bench_stop(b);
    rt_leave();
    free(stack);
    bench_expect("switches away", pair.switches, b->n / 2);
}
