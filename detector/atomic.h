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

#include "actor.h"

enum atomic_kind { ATOMIC_LOAD, ATOMIC_STORE, ATOMIC_RMW };

struct sync;
struct atomic_op {
    struct actor *a;
    struct sync *s;
    uintptr_t addr;
};

bool atomic_begin(struct atomic_op *op, struct actor *a, uintptr_t addr, enum atomic_kind kind, int order);
/* `kind` may be less than was announced: a compare-exchange that failed is a load. `order`: __ATOMIC_*. */
void atomic_end(struct atomic_op *op, size_t size, enum atomic_kind kind, int order, uintptr_t pc);
/* A load that needs nothing held: what its value's clock says is known to `a` already. Asked after the value was read; if true,
 * the access was recorded, and that is all; if false, the value has to be read anew between atomic_begin and atomic_end. */
bool atomic_light_load(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc);
/* A relaxed read-modify-write of a location without a clock: it neither has one to take nor gives one, so nothing is held. Asked
 * before the operation; if true, atomic_light_end has to follow it. kind: as in atomic_end. */
bool atomic_light_begin(struct actor *a, uintptr_t addr, int order);
void atomic_light_end(struct actor *a, uintptr_t addr, size_t size, enum atomic_kind kind, uintptr_t pc);
void atomic_fence(struct actor *a, int order);

#endif
