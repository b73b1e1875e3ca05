/* The locks an actor holds, and interned sets of them, so that a remembered access can say what was held at the time.
 *
 * A set is a number of 18 bits (0: no lock; LOCKSET_LOST: table full); two accesses under the same locks, taken at the
 * same places, have the same number. Sets are found when an access is remembered, not at every lock operation, and are
 * given back by the collector when no remembered access names them. */
#ifndef GORACE_LOCKSET_H
#define GORACE_LOCKSET_H

#include "actor.h"
#include "finding.h"

#define LOCKSET_STALE UINT32_MAX  /* actor.lockset: has to be looked up again */
uint32_t lockset_slow(struct actor *a);
/* The number of the set that `a` holds now. */
static inline uint32_t lockset_now(struct actor *a)
{
    return likely(a->lockset != LOCKSET_STALE) ? a->lockset : lockset_slow(a);
}
/* Fills locks[FINDING_LOCKS]; returns how many were held. */
int lockset_describe(uint32_t set, struct finding_lock *locks);
int locks_describe(const struct actor *a, struct finding_lock *locks);
uint64_t locksets_lost(void);

/* Collection, with the world stopped. */
void lockset_mark_begin(void);
void lockset_mark(uint32_t set);
void lockset_sweep(void);

#endif
