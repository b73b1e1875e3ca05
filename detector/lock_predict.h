/* Whether another schedule of what this run did surely deadlocks in a cycle of lock orders.
 *
 * Wanted is a part S of the run that can be played in the run's own order and ends with every actor of the cycle about to ask
 * for its lock, which the next one holds: a sync-preserving deadlock (Tunc, Mathur, Pavlogiannis, Viswanathan, PLDI'23). They
 * compute the smallest S from a history of all acquisitions. Here S is a larger one that the clocks at hand describe, so some
 * that they find are not found, and none that they do not:
 *  - all that the actors of the cycle knew when they took the first of the locks they hold, by locks and messages (order.h:
 *    flow), and what they learnt meanwhile, but for what came by the locks they hold (order, meanwhile). With whatever is in
 *    it, all that came before it in this run is in it;
 *  - what each of them did since, up to its request.
 * What the actor that has closed the cycle learnt earlier by the lock it holds itself may be left out if it can be told: nobody
 * else in S needs that lock's later sections.
 * It can be played when
 *  - no request of the cycle is in it. (That the locks held by two of them exclude each other was seen to before: gates.)
 *  - no lock that they hold is left locked in it by somebody else, as it is when that one was heard of by a release inside of
 *    its section, and the section's end was not. An epoch says whether it was told inside (order.h). Of which lock is in the
 *    graph: what one takes inside is an edge that leaves the lock; what is told otherwise, or taken by trylock, is noted
 *    here (lock_told_inside).
 * A read lock's release tells nothing, so a cycle with read locks held, or that knows of what somebody else released while
 * holding one, is not called predicted. Nor is any when something was not kept (lock_order_cut).
 *
 * What memory says is not followed: values that were passed under the cycle's own locks may have decided who came. So a
 * prediction is about locks and messages (docs/limits.md).
 *
 * Rejected: a log of all lock operations, bounded by age, from which the smallest S follows: it costs something in each, and
 * knows nothing of what happened long ago, which is when most orders were seen last. */
#ifndef GORACE_LOCK_PREDICT_H
#define GORACE_LOCK_PREDICT_H

#include "lock_cycle.h"

/* Under the lock of the graph. by: the actor of path[0], who asks for its lock just now, or NULL. */
bool lock_predicted(const struct actor *by, const struct link *path, size_t n);
/* `a`, which holds locks, tells others something, or is about to: they will know of a part of its sections. */
void lock_told_inside(struct actor *a);
/* It holds a lock for reading, and has taken another one. */
void lock_taken_reading(struct actor *a);

#endif
