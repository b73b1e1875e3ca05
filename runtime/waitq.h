/* First-in-first-out list of waiters. A waiter lives on the stack of the goroutine that waits, or in what it waits with; a queue
 * is guarded by its object's rt_lock.
 *
 * Who may wake a waiter is decided once, by its claim word:
 *   claim == NULL   the object's lock alone decides: whoever takes the waiter off the queue wakes it.
 *   claim != NULL   several could (the cases of a select, a deadline, a cancel): the one whose compare-and-swap from 0 to its
 *                   own value (> 0) succeeds has the goroutine, writes `result`, and calls rt_ready exactly once. The
 *                   others must leave waiter and goroutine alone: it may be gone. rt_waitq_pop does this: it gives only waiters that
 *                   the caller now owns, and drops from the queue those that it lost.
 * The goroutine itself, when it runs again, takes its waiters that are still queued off, under each queue's lock. So the
 * waiter is only touched under the queue's lock or by the winner. */
#ifndef RT_WAITQ_H
#define RT_WAITQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_g;

struct rt_waiter {
    struct rt_waiter *next, *prev;
    struct rt_g *g;
    void *element;   /* the object's business: where to copy, how many wanted ... */
    uint32_t *claim; /* see above */
    uint32_t value;  /* what claim becomes when this waiter is taken: > 0 */
    int32_t result;  /* what the waker tells */
    bool queued;
    bool selects;  /* for the listener: one of several, so whether it sends is only known when it is taken */
    uint32_t size; /* for the listener: of the element */
};

struct rt_waitq {
    struct rt_waiter *first, *last;
};

static inline bool rt_claim(uint32_t *claim, uint32_t value)
{
    uint32_t unclaimed = 0;
    return __atomic_compare_exchange_n(claim, &unclaimed, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static inline void rt_waitq_push(struct rt_waitq *q, struct rt_waiter *w)
{
    w->next = NULL;
    w->prev = q->last;
    w->queued = true;
    *(q->last ? &q->last->next : &q->first) = w;
    q->last = w;
}

static inline void rt_waitq_push_front(struct rt_waitq *q, struct rt_waiter *w)
{
    w->prev = NULL;
    w->next = q->first;
    w->queued = true;
    *(q->first ? &q->first->prev : &q->last) = w;
    q->first = w;
}

static inline void rt_waitq_remove(struct rt_waitq *q, struct rt_waiter *w)
{
    if (!w->queued)
        return;
    *(w->prev ? &w->prev->next : &q->first) = w->next;
    *(w->next ? &w->next->prev : &q->last) = w->prev;
    w->queued = false;
}

/* The first waiter that the caller may wake, taken off; NULL: none. */
static inline struct rt_waiter *rt_waitq_pop(struct rt_waitq *q)
{
    struct rt_waiter *w;
    while ((w = q->first)) {
        rt_waitq_remove(q, w);
        if (!w->claim || rt_claim(w->claim, w->value))
            return w;
    }
    return NULL;
}

#endif
