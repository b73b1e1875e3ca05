/* See standing.h. */
#include "standing.h"

#include "access.h"
#include "cells.h"
#include "lockset.h"

#define ASKED 512 /* of so many reads, ... */
#define RENEWED_LEAST \
    (ASKED / 4 * 3)     /* ... so many must have stood, or to look for them costs more than it brings, ... */
#define REST (1u << 16) /* ... and is left for so many */
#define DEBT_MOST 256   /* beyond it, only one in so many ... */
#define DEBT_BEGUN 16   /* ... of them is begun, which others will have ended before it was of use */
#define GAIN_MOST 64    /* of one that stands: reads of a new epoch are gains, others a loss */
#define GAIN_EACH 8
#define GAIN_FIRST 32
#define GAIN_AGAIN 16 /* the price of one that others have ended */

static uint64_t key_of(const union granule *g, uint32_t read)
{
    _Static_assert(CELL_STAMP_SHIFT == 10 && sizeof(union granule) == 16, "bits of both");
    return (uint64_t)(uintptr_t)g << 6 | read;
}

static struct standing_read *place_of(const struct actor *a, uint64_t key)
{
    _Static_assert(STANDINGS == 256, "index of 8 bits");
    return &a->stocks->standings.at[key * 0x9e3779b97f4a7c15u >> 56];
}

static bool has(const uint32_t *cells, uint32_t n, uint32_t cell)
{
    uint32_t i = 0;
    while (i < n && __atomic_load_n(&cells[i], __ATOMIC_RELAXED) != cell)
        i++;
    return i < n;
}

/* In sight, or in the block, which may be another granule's by now: but no cell of this number has ever been anywhere else. */
static inline bool cell_there(const union granule *g, uint32_t cell)
{
    const union granule now = granule_load(g);
    if (likely(has(now.cell, CELLS - 1, cell)))
        return true;
    const uint32_t block = granule_held(&now) ? 0 : history_block(&now);
    return block && history_stands(block) && has(spill_at(block)->cell, SPILL_STANDING_CELLS, cell);
}

static struct stamp stamp_now(struct actor *a, uint32_t what, uintptr_t pc)
{
    const uint32_t meta = what | lockset_now(a) << META_LOCKS_SHIFT;
    return (struct stamp){a->who, call_child(a, pc), stamp_meta(meta) | META_STANDS};
}

static inline bool replace(struct stamp *at, const struct stamp *was, const struct stamp *to)
{
    const uint64_t from[2] = {was->who, (uint64_t)was->meta << 32 | was->stack};
    const uint64_t then[2] = {to->who, (uint64_t)to->meta << 32 | to->stack};
    return cas16((uint64_t *)at, from, then);
}

/* False: it does not stand any more, or is another one's who had the stocks before. */
static inline bool renew(struct actor *a, struct standing_read *s, const union granule *g, uint32_t read, uint32_t what,
                         uintptr_t pc)
{
    struct stamp *at = &stamps[s->number];
    const struct stamp was = {at->who, at->stack, __atomic_load_n(&at->meta, __ATOMIC_ACQUIRE)};
    if (unlikely(!(was.meta & META_STANDS)) || unlikely(who_slot(was.who) != who_slot(a->who)) ||
        unlikely(!cell_there(g, s->number << CELL_STAMP_SHIFT | read)))
        return false;
    if (was.who == a->who) {
        s->gain--;
        return true;
    }
    const struct stamp to = stamp_now(a, what, pc);
    if (unlikely(!replace(at, &was, &to)))
        return false;
    s->gain = s->gain + GAIN_EACH < GAIN_MOST ? s->gain + GAIN_EACH : GAIN_MOST;
    a->stocks->standings.debt -= a->stocks->standings.debt > 0;
    return true;
}

/* What is remembered of a granule, n cells, and where. False: it is not to stand. */
struct past {
    uint32_t cells[CELLS + SPILL_STANDING_CELLS];
    uint32_t n, block;
};
static bool past_of(const union granule *g, struct past *p)
{
    unsigned fours;
    p->n = 0;
    p->block = history_block(g);
    const four_cells *next = history_fours_of(p->block, &fours);
    const uint32_t *more = (const uint32_t *)next;
    uint32_t nmore = next ? fours * CELLS : 0;
    if (p->block && !next) {
        const struct spill *b = spill_at(p->block);
        more = b->cell;
        nmore = SPILL_STANDING_CELLS;
        if (b->head >> SPILL_COUNT_SHIFT != 1 + SPILL_STANDING_CELLS || b->head & (SPILL_WIDE | SPILL_CROWD))
            return false;
    }
    for (uint32_t i = 0; i < CELLS + nmore; i++) {
        const uint32_t cell = i < CELLS ? g->cell[i] : more[i - CELLS];
        if (history_is_cell(cell))
            p->cells[p->n++] = cell;
    }
    return true;
}

/* What the read leaves of them. False: it races with one of them. */
static bool meet(const struct actor *a, struct past *p, uint32_t read)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t cell = p->cells[i];
        const uint32_t number = cell >> CELL_STAMP_SHIFT;
        const struct stamp *s = &stamps[number];
        if (s->meta & META_SUM)
            continue;
        if (cell & read & CELL_BYTES) {
            if (((cell | read) & CELL_CLASS) == CELL_CLASS && !stamp_known(a, number))
                return false;
            if (!((cell ^ read) & CELL_CLASS) && who_slot(s->who) == who_slot(a->who))
                cell &= ~(read & CELL_BYTES);
        }
        if (history_is_cell(cell))
            p->cells[left++] = cell;
    }
    p->n = left;
    return true;
}

/* The granule is held: *g is what it was, and becomes what it is to be. */
static bool begin_held(struct actor *a, struct standing_read *s, union granule *g, uint32_t read, uint32_t what,
                       uintptr_t pc)
{
    struct past p;
    if (!past_of(g, &p) || !meet(a, &p, read) || p.n + 1 > SPILL_STANDING_CELLS)
        return false;
    const struct stamp now = stamp_now(a, what, pc);
    s->number = stamp_apart(&a->stocks->reserve, now.who, now.stack, now.meta);
    if (!s->number)
        return false;
    /* Reads in sight, if there is room. */
    uint32_t cells[CELLS + SPILL_STANDING_CELLS] = {s->number << CELL_STAMP_SHIFT | read}, n = 1;
    for (uint32_t writes = 0; writes <= CELL_WRITE; writes += CELL_WRITE)
        for (uint32_t i = 0; i < p.n; i++)
            if ((p.cells[i] & CELL_WRITE) == writes)
                cells[n++] = p.cells[i];
    return history_put_standing(&a->stocks->spills, p.block, cells, n, g);
}

static __attribute__((noinline)) bool begin(struct actor *a, struct standing_read *s, union granule *g, uint32_t read,
                                            uint32_t what, uintptr_t pc)
{
    struct standings *all = &a->stocks->standings;
    if (a->forgetful)
        return false;
    if (all->debt >= DEBT_MOST) {
        all->debt--;
        return false;
    }
    all->debt += DEBT_BEGUN;
    union granule to = history_hold_standing(g);
    const bool done = !granule_empty(&to) && begin_held(a, s, &to, read, what, pc);
    granule_put(g, &to);
    if (done) {
        const uint64_t key = key_of(g, read);
        s->gain = s->key == key ? s->gain - GAIN_AGAIN : GAIN_FIRST;
        s->key = key;
    }
    return done;
}

/* Somebody else has read of these bytes, and no more. */
static bool read_by_others(const struct actor *a, const union granule *g, uint32_t read)
{
    const four_cells cells = granule_fours(g);
    return lane_bits(lanes_with(cells, read & CELL_BYTES) & lanes_without(cells, CELL_WRITE) &
                     ~stamps_own(&a->stamps, cells));
}

bool standing_read(struct actor *a, union granule *g, uint32_t what, uintptr_t pc)
{
    struct standings *all = &a->stocks->standings;
    if (all->rest) {
        all->rest--;
        return false;
    }
    const uint32_t read = cell_from_meta(what);
    struct standing_read *s = place_of(a, key_of(g, read));
    const bool stood = s->key == key_of(g, read), spilled = granule_spilled(g);
    if (!spilled && !read_by_others(a, g, read))
        return false;
    const bool renewed = spilled && stood && likely(s->gain > 0) && renew(a, s, g, read, what, pc);
    all->renewed += renewed;
    if (++all->asked == ASKED) {
        if (all->renewed < RENEWED_LEAST)
            all->rest = REST;
        all->asked = all->renewed = 0;
    }
    /* One without gain is left alone, as long as it is known to be such a one. */
    return renewed || ((!stood || s->gain > 0) && begin(a, s, g, read, what, pc));
}
