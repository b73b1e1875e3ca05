/* Timers of the runtime: one-shot, in a heap per P; the scheduler runs those that are due between goroutines.
 *
 * rt_timer_add: arms; the timer must not be armed, but may be firing. From anywhere while the runtime runs. It tells the
 *     scheduler (rt_timer_wake) when it is the earliest.
 * rt_timer_del: disarms. true: it was armed and `fire` will not be called. false: it was not armed, or fired; in both cases
 *     `fire` has RETURNED, so that the memory may go (a deadline's timer lives on a stack). It may spin for a running `fire`,
 *     hence must not be called while holding a lock that `fire` takes. From anywhere but a timer's fire.
 * fire(t): on an M with a P, on g0, no lock of the timers held, never twice at once. It must not wait; it may rt_lock, rt_ready,
 *     and rt_timer_add itself again.
 * add and del of the same timer at the same time are the owner's to exclude.
 * A timer that is all zero but for fire and arg is one that is not armed.
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
    struct rt_p *p;  /* whose heap; NULL: never armed */
    int32_t place;   /* timer.c's: where in the heap */
    uint32_t firing; /* atomic: 1 = fire is being called */
    uint32_t turn;   /* among those of the same `when`: drawn when it is armed, in the deterministic mode */
};

struct rt_timer_entry {
    int64_t when; /* a copy: comparing does not touch the timers */
    struct rt_timer *timer; /* NULL: was taken out meanwhile */
};

struct rt_timers { /* of a P */
    struct rt_lock lock;
    int32_t count, room, empty; /* entries, empty ones included; of empty ones */
    struct rt_timer_entry *heap;
    int64_t next; /* when of the first, or INT64_MAX; atomic, read without the lock */
};

void rt_timer_add(struct rt_timer *t, int64_t when);
bool rt_timer_del(struct rt_timer *t);
/* For a timer that fire does not arm again, and that nobody is about to: without the lock, whether it is not armed, and fire
 * has returned. */
static inline bool rt_timer_over(const struct rt_timer *t)
{
    return __atomic_load_n(&t->place, __ATOMIC_ACQUIRE) == 0 && !__atomic_load_n(&t->firing, __ATOMIC_ACQUIRE);
}

/* For the scheduler. Runs what is due, `most` of it. Any M with a P may run any P's. */
void rt_timers_run(struct rt_p *p, int64_t now, uint32_t most);
/* The first one, and no other. Requires: there is one. */
void rt_timers_fire(struct rt_p *p);
/* Moves from's timers to `to`: the number of Ps shrinks. Nobody fires meanwhile. */
void rt_timers_move(struct rt_p *from, struct rt_p *to);
/* None is armed any more; nobody fires meanwhile. free: the runtime has ended. */
void rt_timers_drop(struct rt_p *p);
void rt_timers_free(struct rt_p *p);
static inline int64_t rt_timers_next(const struct rt_timers *timers)
{
    return __atomic_load_n(&timers->next, __ATOMIC_SEQ_CST);
}

#endif
