/* Where the first object of an address's chain lies (lock.h). By itself, so that whoever calls libc for a lock can ask for that
 * memory before the call, and without one of its own. */
#ifndef GORACE_LOCK_PLACE_H
#define GORACE_LOCK_PLACE_H

#include "os.h"
#include "places.h"

struct lock;

#define LOCK_SIZE 256 /* of struct lock */
#define LOCK_CHAIN_BITS 16
#define LOCK_LINE ((uint64_t)32)        /* no mutex is smaller, so neighbours have chains of their own */
extern HIDDEN struct lock *lock_chains; /* the first of each, which is gone when nothing is there */

static inline uint32_t lock_chain(uintptr_t addr)
{
    return places_chain(addr, LOCK_LINE, LOCK_CHAIN_BITS);
}

static inline struct lock *lock_place(uintptr_t addr)
{
    struct lock *place = (struct lock *)((char *)lock_chains + (size_t)lock_chain(addr) * LOCK_SIZE);
    __builtin_prefetch(place);
    return place;
}

#endif
