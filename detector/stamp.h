/* Stamps: what an access was, apart from where - who and when, from which stack, under which locks, how large. A cell of
 * shadow memory names one by its number, in 22 bits (shadow.h).
 *
 * There are few (measured on zstd: some thousands alive for 3.6 million granules with a history), so what a cell refers to
 * is mostly in the cache, and an entry of a history costs 4 bytes.
 *
 * An actor takes numbers from a reserve of its thread's, one after the other, so that "an access of this very epoch of mine" is a
 * comparison of a cell with two bounds. An epoch that outlasts the reserve goes on in another one; what the fast path does
 * not recognise any more is given a number from there when it is met again (race.c).
 *
 * A stamp does not change, but for those of reads that stand (META_STANDS, standing.h).
 * A stamp with META_DISTRUST is never between these bounds: its bytes are party to a race, and the actor's later accesses
 * to them have to be looked at, so that every pair of places is told.
 *
 * Numbers are given back by collections only, which give all living stamps new numbers, densely. When there are no more
 * before that, an access gets none (0), and its history is kept in full (history.h).
 * Rejected: interning whole histories: few are equal, and most change with each epoch (five times the time of
 * ThreadSanitizer). */
#ifndef GORACE_STAMP_H
#define GORACE_STAMP_H

#include "epoch.h"
#include "shadow.h"

#ifndef STAMP_BITS
#define STAMP_BITS 22 /* tests/unit builds a core with fewer */
#endif
#define STAMP_MAX (1u << STAMP_BITS)
#define STAMP_FIELD (32 - CELL_STAMP_SHIFT) /* bits of a cell for it */

struct stamp {
    who_t who;
    uint32_t stack;
    uint32_t meta; /* no bytes, no META_CLASS */
};

extern HIDDEN struct stamp *stamps; /* by number; changed by collections only */

/* What was given out in this epoch, so that equal accesses get the same stamp. Sets of four, the latest first; it starts
 * small and grows while entries of one epoch push each other out: each that does costs a number, and histories their
 * brevity. */
#define STAMP_WAYS 4u
struct stamp_cached {
    uint32_t stack, meta, generation, number;
};

/* Which numbers an actor recognises as its own. */
struct stamp_own {
    /* The numbers of this epoch, four times each, as cells come in fours: a cell is of them if it is less than `span` above
     * `low`: unsigned, which is signed with both moved by 2^31. */
    four_cells low;
    four_signed span;
    /* The same of all that were taken of this stretch of numbers, in this epoch or before. */
    four_cells own_low;
    four_signed own_span;
};

/* Where it takes them from: a thread's part of the numbers, for whoever acts there. */
struct stamp_reserve {
    struct stamp_own *own;     /* of who takes from it now */
    uint32_t next, limit;      /* next: the next number */
    uint32_t first;            /* of this epoch */
    uint32_t stretch;          /* first of those that nobody else has taken */
    uint32_t size;             /* of the next stretch */
    uint32_t spare, spare_end; /* stamp_apart */
    uint32_t generation;       /* of what is in the cache */
    uint32_t kept;             /* how many of its own the last collection has found alive, as far as it had made room */
    bool used;                 /* in this epoch */
    uint32_t cache_shift;      /* 32 - log2 of the number of sets */
    struct stamp_cached *cache;
    uint64_t made;
};

#define SPAN_MOVED ((uint32_t)1 << 31) /* alone: a span of no numbers */
static inline void stamp_own_nothing(struct stamp_own *o)
{
    o->span = (four_signed)in_all(SPAN_MOVED);
}
/* The accesses are of the actor's current epoch. */
static inline lanes stamps_current(const struct stamp_own *o, four_cells cells)
{
    return (lanes)((four_signed)(cells - o->low) < o->span);
}
/* Of no other actor; not all of its own are. */
static inline lanes stamps_own(const struct stamp_own *o, four_cells cells)
{
    return (lanes)((four_signed)(cells - o->own_low) < o->own_span);
}
static inline bool stamp_current(const struct stamp_own *o, uint32_t cell)
{
    return (int32_t)(cell - o->low[0]) < o->span[0];
}

bool stamp_start(void);
bool stamp_reserve_start(struct stamp_reserve *r, struct stamp_own *own); /* false: no memory */
void stamp_reserve_end(struct stamp_reserve *r);
/* Before the end of a collection: nothing that it had is its own any more, but what stamp_renew_together was told of; and not
 * even that, if it is lent. */
void stamp_reserve_renew(struct stamp_reserve *r, uint32_t slot, bool lent);
/* Somebody else goes on with it. */
void stamp_reserve_resume(struct stamp_reserve *r, struct stamp_own *own);
/* What was given out belongs to the past from now on. */
void stamp_new_epoch(struct stamp_reserve *r);
static inline struct stamp_cached *stamp_place(const struct stamp_reserve *r, uint32_t stack, uint32_t meta)
{
    return &r->cache[((stack ^ meta >> 5) * 0x9e3779b1u >> r->cache_shift) * STAMP_WAYS];
}

/* A number of this epoch, the same one for the same arguments as long as it is in the cache; 0: none left. */
uint32_t stamp_slow(struct stamp_reserve *r, who_t who, uint32_t stack, uint32_t meta);
static inline uint32_t stamp_of(struct stamp_reserve *r, who_t who, uint32_t stack, uint32_t meta)
{
    const struct stamp_cached *c = stamp_place(r, stack, meta);
    if (likely(c->stack == stack && c->meta == meta && c->generation == r->generation))
        return c->number;
    return stamp_slow(r, who, stack, meta);
}
/* The next number, whether there is one for these arguments or not; 0: the reserve has no more. */
static inline uint32_t stamp_next(struct stamp_reserve *r, who_t who, uint32_t stack, uint32_t meta)
{
    if (unlikely(r->next == r->limit))
        return 0;
    const uint32_t number = r->next++;
    stamps[number] = (struct stamp){who, stack, meta};
    r->used = true;
    r->made++;
    return number;
}
/* One that no actor recognises by number. */
uint32_t stamp_apart(struct stamp_reserve *r, who_t who, uint32_t stack, uint32_t meta);

/* Collection, with the world stopped. Between begin and end stamp_renew gives what is to be kept a number in the new
 * table; the same number for equal stamps. It returns 0 when there is none. begin: false without memory. Slots are below nslots. */
bool stamp_renew_begin(uint32_t nslots);
/* Told before the first stamp_renew: those of `slot` get numbers one after the other, and its actor goes on behind them, so that
 * they all are of its stretch. There are `of` such actors. */
void stamp_renew_together(const struct stamp_reserve *r, uint32_t slot, uint32_t of);
uint32_t stamp_renew(const struct stamp *s);
/* A word kept with each old number; 0 at the beginning. */
uint32_t *stamp_notes(void);
/* afford: numbers that may be taken before the next collection is due, if there are as many. */
void stamp_renew_end(uint32_t afford);

#endif
