/* A lock and the version of what it guards, in one word: who only looks sees by one load that nobody has changed it since, nor is
 * about to. Taken as struct oslock is (os.h): by actors inside of the core, nobody is woken, giving it back is a store. */
#ifndef GORACE_TURN_H
#define GORACE_TURN_H

#include "os.h"

struct turn {
    uint64_t at; /* odd: taken */
};

static inline bool turn_try(struct turn *t)
{
    uint64_t at = __atomic_load_n(&t->at, __ATOMIC_RELAXED);
    return !(at & 1) &&
           __atomic_compare_exchange_n(&t->at, &at, at + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void turn_slow(struct turn *t);

static inline void turn_take(struct turn *t)
{
    if (unlikely(!turn_try(t)))
        turn_slow(t);
}

/* What it guards is another version now, or the same. */
static inline void turn_give(struct turn *t, bool changed)
{
    __atomic_store_n(&t->at, changed ? t->at + 1 : t->at - 1, __ATOMIC_RELEASE);
}

/* Of the holder: the version that turn_give is going to leave. */
static inline uint64_t turn_version(const struct turn *t, bool changed)
{
    return changed ? t->at + 1 : t->at - 1;
}

/* The version to compare with later; odd, so never the same then, while somebody is at it. */
static inline uint64_t turn_look(const struct turn *t)
{
    return __atomic_load_n(&t->at, __ATOMIC_ACQUIRE);
}

/* Nobody has it, nor has changed anything since it had that version. What was read before the call is of that version, if holders only
 * write it. */
static inline bool turn_is_still(const struct turn *t, uint64_t version)
{
    return !(version & 1) && __atomic_load_n(&t->at, __ATOMIC_ACQUIRE) == version;
}

#endif
