/* What an actor has taken under what it held, so that it need not be noted again: a hash table of its own. Read and written by
 * its actor alone; it changes under the lock of the graph.
 *
 * What is taken under the same locks is together, in a block of four cache lines. A key has its line there, and one in a block that
 * its own hash names; when both are full, any place of the two blocks or near the second one. The table is doubled when that happens
 * and it is half full.
 *
 * Memory is all that a nested lock waits for when there are thousands of them. So most look at what is settled only, of which it
 * was found that there is nothing to do for it: as bits of rows (lock_rows.h), and what the rows have no room for as keys, seven in
 * a cache line. A line is true as long as the actor has told nobody, and no edge was found to lie on a cycle, since it was
 * begun. It is a cache: what is not there is looked for in the table. A key has one of two lines by the locks held and, where that is
 * full, one by its own hash. To ask for the line as soon as the outer locks are held brought nothing. */
#ifndef GORACE_LOCK_NESTING_H
#define GORACE_LOCK_NESTING_H

#include "keys.h"
#include "lock_cycle.h"
#include "lock_rows.h"

struct nesting {
    uint64_t key;   /* of the locks held, and of the one taken and how, and NESTING_CYCLIC; 0: none */
    uint64_t epoch; /* when it was last */
};

#define NESTING_SETTLED 7
struct settled {
    uint64_t since;                /* settled_now, when it was begun; 0: never */
    uint64_t key[NESTING_SETTLED]; /* 0: none, nor behind it */
} __attribute__((aligned(64)));

/* What was settled last behind so many locks: most programs take the same one inside of the same others again and again. */
#define NESTING_RECENT 4u
struct recent {
    uint64_t since; /* settled_now; 0: none */
    uint64_t held;  /* held_hash */
    uint64_t id;    /* of one that is taken exclusively */
};

#define NESTING_WAYS 4 /* places of a line */
#define NESTING_BLOCK 16
struct nestings {
    size_t size;   /* places, a power of two, ... */
    size_t used;   /* ... and how many are taken */
    uint64_t seen; /* edges that were known to lie on cycles when all of it was noted */
    struct nesting *at;
    struct settled *settled; /* a line for eight places */
    struct recent recent[NESTING_RECENT];
    struct rows rows;
    enum row_kind kind;             /* of the row that had what was asked for last */
    bool lines;                     /* something is in `settled` */
    uint64_t since;                 /* settled_now, when something was settled last: nothing is of another one */
    struct gates **gates;           /* of the same place, a reference */
    struct renewals *renewals;      /* lock_renewal.h; NULL: none yet */
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

static inline struct settled *settled_line(const struct nestings *t, uint64_t number)
{
    return &t->settled[number & (t->size / 8 - 1)];
}

/* One of two, which are neighbours. */
static inline struct settled *settled_first(const struct actor *a, uint64_t key)
{
    return settled_line(a->nestings, a->held_hash << 1 | key >> 63);
}

static inline struct settled *settled_second(const struct actor *a, uint64_t key)
{
    return settled_line(a->nestings, key >> NESTING_HASH_SHIFT);
}

/* Another number after the actor has told somebody, and after an edge was found to lie on a cycle. Not 0. */
static inline uint64_t settled_now(const struct actor *a)
{
    return (cycles_seen() + 1) << 44 ^ a->order_told;
}

static inline __attribute__((always_inline)) bool settled_in(const struct settled *s, uint64_t now, uint64_t key)
{
    if (unlikely(s->since != now))
        return false;
    for (unsigned i = 0; i < NESTING_SETTLED; i++)
        if (s->key[i] == key)
            return true;
    return false;
}

/* In the first row where it may be, of the kind of the last one. False says nothing, nor for the two below. */
static inline __attribute__((always_inline)) bool nesting_settled_near(struct actor *a, uint64_t id, unsigned how)
{
    const struct nestings *t = a->nestings;
    return likely(t != NULL) && likely(rows_have(&t->rows, t->kind, 0, a, settled_now(a), id, how));
}
/* The same of one that is taken exclusively, which may be what was last. */
static inline __attribute__((always_inline)) bool nesting_settled_again(struct actor *a, uint64_t id)
{
    struct nestings *t = a->nestings;
    if (unlikely(!t))
        return false;
    struct recent *r = &t->recent[a->nheld % NESTING_RECENT];
    const uint64_t now = settled_now(a);
    if (likely(r->id == id) && likely(r->held == a->held_hash) && likely(r->since == now))
        return true;
    if (unlikely(!nesting_settled_near(a, id, HOW_EXCLUSIVE)))
        return false;
    *r = (struct recent){now, a->held_hash, id};
    return true;
}
/* Anywhere else. */
bool nesting_otherwise_settled(struct actor *a, uint64_t now, uint64_t id, unsigned how);
/* `a` has noted that it took the lock of that number under what it holds, and there is nothing else to do for it. */
static inline bool nesting_settled(struct actor *a, uint64_t id, unsigned how)
{
    return nesting_settled_near(a, id, how) || nesting_otherwise_settled(a, settled_now(a), id, how);
}
/* It is to be among these. now: settled_now, before it was looked for. */
void nesting_settle(struct actor *a, uint64_t now, uint64_t id, unsigned how);

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

/* Nobody was told since it was. */
static inline bool nesting_is_new(const struct actor *a, const struct nesting *k)
{
    return k->epoch > (unlikely(k->key & NESTING_CYCLIC) ? a->told : a->order_told);
}

/* k, which is of this, says that there is nothing else to do for it: then it is among the settled ones from now on, if it can be.
 * now: settled_now, before k was found. */
bool nesting_noted(struct actor *a, const struct nesting *k, uint64_t now, uint64_t id, unsigned how);

/* `a` asks for, or has got, `l`, and holds something. */
static inline __attribute__((always_inline)) void lock_order_taken(struct actor *a, struct lock *l, unsigned how,
                                                                   uint32_t stack)
{
    if (unlikely(!nesting_settled(a, l->id, how)))
        lock_order_look(a, l, how, stack);
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
