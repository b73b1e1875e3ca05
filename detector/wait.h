/* Who waits for whom (verbs in locks.h).
 *
 * A wait for something that has holders is over when a holder acts: mutex, read-write lock, spin lock, join - and also the
 * wait on a condition, because its mutex has to be got again. A cycle of such waits is a deadlock, whatever others do; it
 * is found by the actor that closes it, before it blocks, by going from holder to holder.
 *
 * Any other wait (condition, semaphore, barrier) can be ended by anybody. It is a deadlock when nobody is left: all
 * living actors wait without a time limit, each for something that only one of them could give. That is looked at by
 * whoever is the last to block or to end. An actor that was woken a moment ago still looks like one that waits, so the
 * host is asked whether all OS threads really sleep in the kernel (a woken one is runnable at once), and the flags are
 * read once more afterwards: since `active` is cleared before anything else is done, an actor that sleeps and is active
 * sleeps in its wait - or, on a condition, on the mutex that it has to get again, and that may be held by the very actor
 * that is about to wait. So signals are counted: as long as fewer have come back from a condition than were signalled, its
 * waits do not count as stuck. No time limit is part of any of this, and no helper thread is needed: a state in which everybody is
 * stuck begins with somebody who blocks or ends.
 *
 * Not stuck: who waits with a time limit, in a system call, for an object that other processes use, or while the program
 * has signal handlers or timers that could act (host.others).
 *
 * Guards: `waits` guards struct wait of all actors, and keeps the lists of locks held of those that wait from changing. A
 * goroutine's wait for what anybody can give begins and ends without: no search goes on from it, what searches note in it is
 * left alone, and a state of all is taken for one only if nothing has begun or ended meanwhile (`tally`). While the thread that runs
 * goroutines does not wait, they are not all; so what begins there is not even counted, and says nothing to who looks at all.
 * Order: waits, then actors_lock. */
#ifndef GORACE_WAIT_H
#define GORACE_WAIT_H

#include "actor.h"

/* The actor ends: its locks have no holder any more. Inside. */
void wait_actor_ends(struct actor *a);
/* For who looks at all waits at once: nobody begins or ends one meanwhile, and those that have just been woken have not come far.
 * Not inside. */
void waits_lock(void);
void waits_unlock(void);
uint32_t waits_without_limit(void); /* how many of those that are counted (actor.h); a guess without the lock */
bool waits_possible(void);          /* there is one, or there may be one that is not counted */
/* Counts waits begun and ended, of those that are counted. */
uint64_t wait_changes(void);
/* With the lock: */
bool wait_active(const struct actor *a);
static inline bool wait_timed(const struct actor *a)
{
    return a->wait.f.how & HOW_TIMED;
}
/* Somebody has cancelled it: its wait may end by that. */
bool wait_cancelled(const struct actor *a);
/* Its wait may end by itself, by somebody outside, or has been ended already. wait_all.c */
bool wait_may_end(struct actor *a);
/* wait_holders.c */
typedef bool wait_visit(struct actor *holder, void *ctx); /* the holder may be running */
bool wait_has_holders(const struct actor *w);
static inline bool wait_for_holders(const struct wait_for *f)
{
    return f->thing <= THING_SPIN || f->thing == THING_THREAD || f->thing == THING_ONCE;
}
/* Calls visit for all who hold what it waits for, as far as they are known, until it returns true: then that is the result. Caller
 * holds actors_lock. */
bool wait_each_holder(struct actor *w, wait_visit *visit, void *ctx);
/* fork: only `a` is left. */
void wait_only(struct actor *a);

#endif
