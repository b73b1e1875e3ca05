/* Atomic operations of the program, by the C11 model (C17 wording: a relaxed store by the thread that heads a release
 * sequence goes on with it), fences included.
 *
 *     struct atomic_op op;
 *     bool seen = atomic_begin(&op, a, addr, writes);   // holds the location's object; false: do the operation, no more
 *     ... the operation itself ...
 *     if (seen) atomic_end(&op, size, kind, order, pc);
 *
 * Between the two the location's clock is held, so that value and clock cannot part; the operation must not fault there
 * (touch the address before). Races found are handed over at the end, when nothing is held.
 *
 * A flag that was released once and is acquired a million times, and a counter that orders nobody, are not held: an actor
 * remembers what it has learnt of a location, and sees by a version that this is still all (struct learnt). */
#ifndef GORACE_ATOMIC_H
#define GORACE_ATOMIC_H

#include "access.h"
#include "sync.h"

enum atomic_kind { ATOMIC_LOAD, ATOMIC_STORE, ATOMIC_RMW };

struct atomic_op {
    struct actor *a;
    struct sync *s;
    uintptr_t addr;
};

bool atomic_begin(struct atomic_op *op, struct actor *a, uintptr_t addr, enum atomic_kind kind, int order);
/* `kind` may be less than was announced: a compare-exchange that failed is a load. `order`: __ATOMIC_*. */
void atomic_end(struct atomic_op *op, size_t size, enum atomic_kind kind, int order, uintptr_t pc);

/* ---- what most operations do, without a call before the operation. In each case all else is left to the above. ----------- */

static inline bool atomic_acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order == __ATOMIC_ACQ_REL ||
           order == __ATOMIC_SEQ_CST;
}

/* What there is in struct learnt: all that a relaxed load takes of the clock; all that an acquiring one takes; that there is no
 * object; that it is marked as atomic, and all that an acquiring load takes. */
enum { LEARNT_RELAXED = 1, LEARNT_ACQUIRED = 2, LEARNT_NOTHING = 4, LEARNT_MARKED = 8 };

static inline struct learnt *atomic_learnt(const struct actor *a, uintptr_t addr)
{
    _Static_assert(LEARNT == 64, "index of 6 bits");
    return &a->stocks->learnt[(uint32_t)(addr / sizeof(uint32_t)) * 0x9e3779b1u >> 26]; /* objects are often a line apart */
}

static inline bool atomic_known(const struct actor *a, uintptr_t addr, uint32_t what)
{
    const struct learnt *l = atomic_learnt(a, addr);
    return l->key == addr && l->by == a->number && l->what & what && turn_is_still(l->turn, l->version);
}

void atomic_unheld(struct actor *a);
/* Holds the object of `addr`, if there is one and nobody else does. What has to follow it is what was done: a store, a
 * read-modify-write, or a load. NULL: nothing is held. */
static inline struct sync *atomic_hold(struct actor *a, uintptr_t addr)
{
    struct sync *s = sync_in_chain(sync_chain(addr), addr);
    if (unlikely(!s || a->pause))
        return NULL;
    a->inside = 1;
    compiler_barrier();
    if (likely(!__atomic_load_n(&a->pause, __ATOMIC_RELAXED)) && likely(turn_try(&s->turn))) {
        if (likely(s->key == addr)) {
            a->reports_held++;
            return s;
        }
        turn_give(&s->turn, false);
    }
    atomic_unheld(a);
    return NULL;
}
void atomic_stored(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc, struct sync *s);
void atomic_changed(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc, struct sync *s);
void atomic_loaded(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc, struct sync *s);

bool atomic_load_seldom(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc);
/* A load that needs nothing held: what its value's clock says is known to `a` already. Asked after the value was read; if true,
 * the access was recorded, and that is all; if false, the value has to be read anew between atomic_begin and atomic_end. */
static inline bool atomic_light_load(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc)
{
    if (likely(size <= GRANULE && !a->pause) &&
        (!sync_maybe(addr) || likely(atomic_known(a, addr, atomic_acquires(order) ? LEARNT_ACQUIRED : LEARNT_RELAXED))) &&
        likely(access_covered(a, addr, (unsigned)__builtin_ctzl(size), ACCESS_ATOMIC_READ))) {
        a->accesses++;
        return true;
    }
    return atomic_load_seldom(a, addr, size, order, pc);
}
/* A relaxed store or read-modify-write of a location without a clock: it neither has one to take nor gives one, so nothing is
 * held. Asked before the operation; if true, atomic_light_end has to follow it. kind: as in atomic_end. */
static inline bool atomic_light_begin(struct actor *a, uintptr_t addr, int order)
{
    return order == __ATOMIC_RELAXED && !a->pause && !a->release_fenced && atomic_known(a, addr, LEARNT_NOTHING);
}
void atomic_light_end(struct actor *a, uintptr_t addr, size_t size, enum atomic_kind kind, uintptr_t pc);
void atomic_fence(struct actor *a, int order);

/* ---- of machine code, which says of no operation whether it is atomic, nor in what order ----------------------------------- */

/* What there was: while it is so, `a` has learnt all of it. */
struct atomic_seen {
    const struct turn *turn; /* not NULL */
    uint64_t version;
};
/* An instruction with a lock prefix, told before it is run: acquires and releases, and the place is atomic from now on. If it is not as
 * it was when the instruction was run, sync_acquire has to follow. */
struct atomic_seen atomic_locked(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc);
struct atomic_seen atomic_unseen(void); /* nothing has to follow */
/* A move: a store, before it is run, releases, and keeps what is there; a load, behind it, acquires. False: the place is not atomic, and
 * nothing was done. */
bool atomic_moved(struct actor *a, uintptr_t addr, size_t size, bool writes, uintptr_t pc);
/* The same of a load that has nothing new to tell. False says nothing. */
static inline bool atomic_load_known(struct actor *a, uintptr_t addr, unsigned log2size)
{
    if (a->pause || (addr & (GRANULE - 1)) + ((size_t)1 << log2size) > GRANULE ||
        !atomic_known(a, addr, LEARNT_MARKED) || !access_covered(a, addr, log2size, ACCESS_ATOMIC_READ))
        return false;
    a->accesses++;
    return true;
}

#endif
