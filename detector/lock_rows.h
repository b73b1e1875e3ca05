/* What an actor has taken under what it held, as bits: for tables of thousands of locks. What lock_nesting.h says in eight bytes for
 * each pair is then a bit, so that all of it stays in the caches nearest to the processor, and nothing has to be asked for
 * beforehand.
 *
 * Locks have numbers in the order in which they were first seen, so those of a table are neighbours. A row belongs to a group of
 * numbers, of which its bits say which: where the few are taken inside of the many, of the innermost lock, for one that is taken
 * and all else that is held; where the many are taken inside of the few, of the lock that is taken, for all that is held. Every
 * pair is put into one of each kind. A row is true as long as a line of settled keys is. It is a cache as these are: rows of which
 * few bits are in use push each other out, and what is in none is looked for behind them.
 *
 * Of the actor alone, as is the table of which it is a part. */
#ifndef GORACE_LOCK_ROWS_H
#define GORACE_LOCK_ROWS_H

#include "actor.h"
#include "keys.h"

#define ROW_WORDS 6
#define ROW_BITS (ROW_WORDS * 64)

struct row {
    uint64_t since; /* settled_now, when it was begun; 0: never */
    uint64_t key;
    uint64_t bits[ROW_WORDS];
} __attribute__((aligned(64)));

enum row_kind { ROWS_BY_INNERMOST, ROWS_BY_TAKEN, ROW_KINDS };

struct rows {
    struct row *at; /* n of each kind */
    size_t n;       /* a power of two */
};

/* Where something is, or would be. */
struct row_place {
    uint64_t key;
    unsigned bit;
};

/* id: of the lock that is taken. Holds something. */
static inline __attribute__((always_inline)) struct row_place row_place(const struct actor *a, enum row_kind kind,
                                                                        uint64_t id, unsigned how)
{
    const struct held *inner = a->held + a->nheld - 1;
    const bool taken = kind == ROWS_BY_TAKEN;
    const uint64_t many = taken ? id : inner->id, few = taken ? 0 : id << 8 | (unsigned)inner->exclusive << 1;
    const uint64_t held = a->held_hash - (taken ? 0 : inner->hash);
    return (struct row_place){
        keys_mix(held + many / ROW_BITS * 0x9e3779b97f4a7c15u, few | (how & (HOW_EXCLUSIVE | HOW_READERS_FIRST))),
        (unsigned)(many % ROW_BITS)};
}

/* One of the two that it may be; the other one is its neighbour. */
static inline struct row *row_at(const struct rows *r, enum row_kind kind, uint64_t key, unsigned which)
{
    return &r->at[kind * r->n + ((key >> 40 ^ which) & (r->n - 1))];
}

static inline __attribute__((always_inline)) bool row_is(const struct row *r, uint64_t now, uint64_t key)
{
    return r->key == key && r->since == now;
}

/* Looks at one of the two rows. */
static inline __attribute__((always_inline)) bool rows_have(const struct rows *rows, enum row_kind kind, unsigned which,
                                                            const struct actor *a, uint64_t now, uint64_t id,
                                                            unsigned how)
{
    const struct row_place p = row_place(a, kind, id, how);
    const struct row *r = row_at(rows, kind, p.key, which);
    return row_is(r, now, p.key) && r->bits[p.bit / 64] >> p.bit % 64 & 1;
}

/* False: no memory. places: of the table that they belong to. */
bool rows_new(struct rows *rows, size_t places);
void rows_free(struct rows *rows);
/* `a` holds something, and takes the lock: that is in a row of each kind from now on. False: others were pushed out for both, so it
 * may not be there for long. */
bool rows_put(const struct rows *rows, const struct actor *a, uint64_t now, uint64_t id, unsigned how);

#endif
