/* What an actor has taken under what it held, so that it need not be noted again: a hash table of its own, sets of four, which
 * grows while two of its keys want one place. Read and written by its actor alone, but for the epoch, which others read under
 * the lock of the graph, under which the table changes as well. */
#ifndef GORACE_LOCK_NESTING_H
#define GORACE_LOCK_NESTING_H

#include "lock_cycle.h"

struct nesting {
    uint64_t key;        /* of the locks held, and of the one taken and how; 0: none */
    uint64_t epoch;      /* when it was last; atomic */
    struct gates *g;     /* a reference */
    uint32_t learnt;     /* what the actor knew then: how often it had learnt something */
    uint32_t seen : 31;  /* edges that were known to lie on cycles then */
    uint32_t cyclic : 1; /* one of the edges lies on a cycle */
};

#define NESTING_WAYS 4
struct nestings {
    size_t size; /* places, a power of two */
    struct nesting at[];
};

static inline struct nesting *nesting_set(struct nestings *t, uint64_t key)
{
    return &t->at[key & (t->size - NESTING_WAYS)];
}

/* NULL: it was not noted. */
static inline struct nesting *nesting_find(struct actor *a, uint64_t key)
{
    if (unlikely(!a->nestings))
        return NULL;
    struct nesting *k = nesting_set(a->nestings, key);
    for (unsigned i = 0; i < NESTING_WAYS; i++)
        if (likely(k[i].key == key))
            return &k[i];
    return NULL;
}

/* Under the lock of the graph. The reference that is not needed any more, or NULL. */
struct gates *nesting_put(struct actor *a, const struct nesting *k);
/* The table goes; drop is called for each reference. */
void nestings_drop(struct actor *a, void (*drop)(struct gates *g));

#endif
