/* Timers of the runtime: one-shot, in a heap per P; the scheduler runs those that are due between goroutines.
 *
 * rt_timer_add: arms; the timer must not be armed. From anywhere. It tells the scheduler (rt_timer_wake) when it is the earliest.
 * rt_timer_del: disarms. true: it was armed and `fire` will not be called. false: it was not armed, or fired; then `fire` has
 *     RETURNED, so that the memory may go (a deadline's timer lives on a stack). It may spin for a running `fire`, hence
 *     must not be called while holding a lock that `fire` takes. From anywhere but its own fire.
 * fire(t): on an M with a P, on g0, no lock of the timers held. It must not wait; it may rt_lock, rt_ready, and
 *     rt_timer_add itself again.
 * Wake and timeout at once: both go through the waiter's claim word (waitq.h); who claims first has it. */
#ifndef RT_TIMER_H
#define RT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "lock.h"

struct rt_p;

struct rt_timer {
    int64_t when; /* goro_now() */
    void (*fire)(struct rt_timer *t);
    void *arg;
    struct rt_p *p;   /* whose heap */
    int32_t index;    /* in the heap */
    uint32_t state;   /* timer.c's */
};

struct rt_timers { /* of a P */
    struct rt_lock lock;
    int32_t count, room;
    struct rt_timer **heap;
    int64_t next; /* when of the first, or INT64_MAX; read without the lock */
    struct rt_timer *running;
};

void rt_timer_add(struct rt_timer *t, int64_t when);
bool rt_timer_del(struct rt_timer *t);

/* For the scheduler. Runs what is due; returns when the next one is, or INT64_MAX. Any M with a P may run any P's. */
int64_t rt_timers_run(struct rt_p *p, int64_t now);
/* Moves from's timers to `to`: the number of Ps shrinks. */
void rt_timers_move(struct rt_p *from, struct rt_p *to);
void rt_timers_free(struct rt_p *p);
static inline int64_t rt_timers_next(const struct rt_timers *timers)
{
    return __atomic_load_n(&timers->next, __ATOMIC_SEQ_CST);
}

#endif
