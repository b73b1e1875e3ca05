/* What an actor has taken under what it held, so that it need not be noted again: a hash table of its own. Read and written by
 * its actor alone; it changes under the lock of the graph.
 *
 * Memory is all that a nested lock waits for when there are thousands of them. So in the table is nothing but what says that
 * there is nothing to do; the rest is beside. And what is taken under the same locks is together, in a block of four cache lines,
 * which can be asked for as soon as these are held (nesting_prefetch). A key has its line there, and one in a block that its own
 * hash names; when both are full, any place of the two blocks or near the second one. The table is doubled when that happens and
 * it is half full. */
#ifndef GORACE_LOCK_NESTING_H
#define GORACE_LOCK_NESTING_H

#include "keys.h"
#include "lock_cycle.h"

struct nesting {
    uint64_t key;   /* of the locks held, and of the one taken and how, and NESTING_CYCLIC; 0: none */
    uint64_t epoch; /* when it was last */
};

#define NESTING_WAYS 4 /* places of a line */
#define NESTING_BLOCK 16
struct nestings {
    size_t size;   /* places, a power of two, ... */
    size_t used;   /* ... and how many are taken */
    uint64_t seen; /* edges that were known to lie on cycles when all of it was noted */
    struct nesting *at;
    struct gates **gates; /* of the same place, a reference */
    struct renewals *renewals; /* lock_renewal.h; NULL: none yet */
    struct nestings *older, *newer; /* list of all; the lock of the graph */
};

/* A key, from bit 0: 1; whether one of the edges lies on a cycle, which tells no keys apart; the block of the locks held; a
 * hash, of which the lowest bits are the line and then the other block. */
#define NESTING_CYCLIC ((uint64_t)2)
#define NESTING_BLOCK_SHIFT 2
#define NESTING_BLOCK_BITS 13
#define NESTING_HASH_SHIFT (NESTING_BLOCK_SHIFT + NESTING_BLOCK_BITS)

static inline uint64_t nesting_key(const struct actor *a, uint64_t id, unsigned how)
{
    const uint64_t block = a->held_hash & ((1u << NESTING_BLOCK_BITS) - 1);
    const uint64_t hash = keys_mix(a->held_hash, id << 8 | (how & (HOW_EXCLUSIVE | HOW_READERS_FIRST)));
    return hash << NESTING_HASH_SHIFT | block << NESTING_BLOCK_SHIFT | 1;
}

static inline struct nesting *nesting_block(const struct nestings *t, uint64_t number)
{
    return &t->at[number * NESTING_BLOCK & (t->size - 1)];
}

/* The first of its two blocks, and the second, which is another one if there are two. */
static inline uint64_t nesting_number(const struct nestings *t, uint64_t key, bool second)
{
    const uint64_t first = key >> NESTING_BLOCK_SHIFT;
    if (!second)
        return first;
    const uint64_t other = key >> (NESTING_HASH_SHIFT + 2);
    return other ^ (((first ^ other) * NESTING_BLOCK & (t->size - 1)) == 0);
}

static inline struct nesting *nesting_line(const struct nestings *t, uint64_t key, bool second)
{
    const uint64_t line = key >> NESTING_HASH_SHIFT & (NESTING_BLOCK / NESTING_WAYS - 1);
    return nesting_block(t, nesting_number(t, key, second)) + line * NESTING_WAYS;
}

/* `l` is held as well from now on. What is looked at in the next nested lock, and when this one is given up, may be far away if
 * there are many. */
static inline void nesting_prefetch(const struct actor *a, const struct lock *l)
{
    const struct nestings *t = a->nestings;
    if (likely(!t || t->size <= 4 * NESTING_BLOCK))
        return;
    const struct nesting *block = nesting_block(t, a->held_hash);
    for (unsigned line = 0; line < NESTING_BLOCK; line += NESTING_WAYS)
        __builtin_prefetch(block + line);
    if (l)
        vclock_prefetch(&l->flow);
}

/* Among n places where the key is, or, when it comes first, one that is empty: places are filled in the order in which they are
 * looked at, and never emptied but all at once, so the key is not behind it. NULL: none of the two. */
static inline __attribute__((always_inline)) struct nesting *nesting_among(struct nesting *k, unsigned n, uint64_t key)
{
    for (unsigned i = 0; i < n; i++)
        if (likely((k[i].key & ~NESTING_CYCLIC) == key) || !k[i].key)
            return &k[i];
    return NULL;
}

/* The same, behind its first line, which is full. */
struct nesting *nesting_elsewhere(const struct nestings *t, uint64_t key);

static inline bool nestings_count(const struct nestings *t)
{
    return t && t->seen == cycles_seen();
}

/* NULL: it was not noted, or it is not known whether it is on a cycle. */
static inline __attribute__((always_inline)) struct nesting *nesting_find(const struct actor *a, uint64_t key)
{
    const struct nestings *t = a->nestings;
    if (unlikely(!nestings_count(t)))
        return NULL;
    struct nesting *k = nesting_among(nesting_line(t, key, false), NESTING_WAYS, key);
    if (unlikely(!k))
        k = nesting_elsewhere(t, key);
    return likely(k && k->key) ? k : NULL;
}

/* The same, if it is in one of its two lines: NULL says nothing. */
static inline __attribute__((always_inline)) struct nesting *nesting_find_near(const struct actor *a, uint64_t key)
{
    const struct nestings *t = a->nestings;
    if (unlikely(!nestings_count(t)))
        return NULL;
    struct nesting *k = nesting_among(nesting_line(t, key, false), NESTING_WAYS, key);
    if (!k)
        k = nesting_among(nesting_line(t, key, true), NESTING_WAYS, key);
    return likely(k && k->key) ? k : NULL;
}

/* Nobody was told since it was. */
static inline bool nesting_is_new(const struct actor *a, const struct nesting *k)
{
    return k->epoch > (unlikely(k->key & NESTING_CYCLIC) ? a->told : a->order_told);
}

/* `a` asks for, or has got, `l`, and holds something. */
static inline __attribute__((always_inline)) void lock_order_taken(struct actor *a, struct lock *l, unsigned how, uint32_t stack)
{
    const uint64_t key = nesting_key(a, l->id, how);
    const struct nesting *k = nesting_find(a, key);
    if (unlikely(!k || !nesting_is_new(a, k)))
        lock_order_look(a, l, how, stack, key);
}

static inline struct gates **nesting_gates(const struct nestings *t, const struct nesting *k)
{
    return &t->gates[k - t->at];
}

/* These under the lock of the graph, when no renewal is put off; drop is called for each reference that is not needed any more. */
void nesting_put(struct actor *a, const struct nesting *k, struct gates *g, void (*drop)(struct gates *g));
/* The latest of all tables; the others are `older`. */
struct nestings *nestings_all(void);
/* All that is in the table goes, or the table as well. */
void nestings_empty(struct nestings *t, void (*drop)(struct gates *g));
void nestings_drop(struct actor *a, void (*drop)(struct gates *g));

#endif
