/* The order in which locks are taken, as a graph, and its cycles.
 *
 * An edge u -> v: somebody asked for v while holding u. Of every edge it is kept who did it and how (struct occurrence):
 * both stacks, all locks held, the order known to every schedule at that moment. A cycle is reported when there are
 * occurrences, one an edge, that another schedule could bring together:
 *  - by different actors, pairwise,
 *  - no lock held in two of them, but for both reading (gate locks),
 *  - none before another in the order that every schedule has (order.h); if one is before another in the order of this
 *    run's locks, the cycle is doubtful; else it is predicted if that can be shown (lock_predict.h),
 *  - at every lock of the cycle the one who asks would have to wait for the one who holds (lockdep's strong path: a read
 *    lock waits for a reader only where writers that wait come first, and somebody writes who is not ordered with the
 *    two).
 * Of one actor's occurrences of an edge in the same circumstances only the latest is kept: an earlier one is before it,
 * so whatever is unordered with the earlier one, and comes later, is unordered with the latest as well. The search is
 * repeated when an occurrence on a cycle is renewed.
 *
 * An occurrence is renewed when others may have been told of it: by what every schedule has, and, on an edge that lies on
 * a cycle, by a lock. Nobody else can be after it. Where much is noted, or nothing new for long, one that is on no cycle has the
 * first epoch since the former, so who heard by a lock of what came before it counts as after it, too (doubtful).
 *
 * Steady state: what an actor takes under what it holds is looked up in a table of its own (lock_nesting.h), without a lock; to
 * renew what is there it writes down what it knows now, in a place of its own (lock_renewal.h). Only what is new, or has to be looked at again because somebody
 * has heard of it, goes to the graph, which one lock guards. No limit of locks held, of edges, or of a cycle's length.
 *
 * Papers: Goodlock (Havelund, SPIN 2000), gate locks (Bensalem & Havelund, HVC 2005), lockdep's recursive readers. */
#ifndef GORACE_LOCK_ORDER_H
#define GORACE_LOCK_ORDER_H

#include "lock.h"

/* `a` asks for, or has got, `l`, and holds something: lock_order_taken (lock_nesting.h), when that was not noted, or has to be
 * noted anew. */
void lock_order_look(struct actor *a, struct lock *l, unsigned how, uint32_t stack);
/* `a` has got for writing a lock whose readers wait for writers that wait. */
void lock_order_written(struct actor *a, struct lock *l);
/* Outside of the core: hands over the cycles that lock_order_look has found. */
void lock_order_report(struct actor *a);
/* The object is gone. Caller holds no lock of the core but the chain's. */
void lock_order_forget(struct lock *l);
/* The actor ends. */
void lock_order_ended(struct actor *a);
uint64_t lock_orders_cut(void);

#endif
