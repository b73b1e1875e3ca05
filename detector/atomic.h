/* Atomic operations of the program, by the C11 model (C17 wording: a relaxed store by the thread that heads a release
 * sequence goes on with it), fences included.
 *
 *     struct atomic_op op;
 *     bool seen = atomic_begin(&op, a, addr, writes);   // holds the location's object; false: do the operation, no more
 *     ... the operation itself ...
 *     if (seen) atomic_end(&op, size, kind, order, pc);
 *
 * Between the two the location's clock is held, so that value and clock cannot part; the operation must not fault there
 * (touch the address before). Races found are handed over at the end, when nothing is held. */
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
/* A load whose location has no object needs no lock: tells so after the value was read. Records the access. */
bool atomic_plain_load(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc);
void atomic_fence(struct actor *a, int order);

#endif
