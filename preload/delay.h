/* delay=SEED,PERCENT%: some of a program's synchronisation points take longer, so that threads meet in orders in which they
 * do not meet by themselves. Which ones, and how long, depends on the seed and on the program alone: the n-th point of a thread is
 * delayed in each run, or in none, and a thread is known by who created it as which of its children. What the delays
 * lead to is up to the kernel.
 *
 * A point is before a lock, wait, signal, post, barrier or once is asked for, after an unlock or a post, after a
 * thread was created, and at its beginning. None is counted before the program has created its first thread, in
 * signal handlers, and of goroutines, whose schedules are the runtime's (GORO_SCHED=det).
 *
 * The budget: PERCENT of a thread's first 64 points are delayed, half of that of those up to the 128th, a quarter of
 * those up to the 256th, and so on: what a thread does a million times is held up some dozen times more than what it does a
 * hundred times. A delay takes 0.1 to 6.4 ms. Rejected: a share of the time that has passed, which differs from run to
 * run. */
#ifndef GORACE_DELAY_H
#define GORACE_DELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "../detector/flags.h"

/* Of a thread, which alone touches it. */
struct delay_stream {
    uint64_t path;
    uint32_t children, points;
};

extern __attribute__((visibility("hidden"))) bool delay_on; /* set once, before there is a second thread */

/* Says what is wrong with the option. */
void delay_start(const struct flags *flags, void (*say)(const char *line));
/* Of a new thread; creator: NULL for one that nobody was seen to create. */
struct delay_stream delay_stream_new(struct delay_stream *creator);
/* A point of the calling thread, in the program's call from pc. */
void delay_at(uintptr_t pc);

static inline void delay_here(uintptr_t pc)
{
    if (__builtin_expect(delay_on, 0))
        delay_at(pc);
}

#endif
