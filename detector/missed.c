/* What is left of an access when no cell covers it (access.h): one in seven on zstd, and half of the detector's time there.
 *
 * The usual case: the page is the actor's, no cell of the granule is a link, and all that has bytes in common with the
 * access is known to the actor by its number. All else is a call in tail position, so that nothing is saved for it; and
 * there is one function for reads, one for writes, as the rule on the latter is shorter.
 *
 * Measured on zstd: a branch that depends on what a granule happens to hold (is the last cell one, is there a twin, is
 * there room in sight) costs more than ten instructions that do without it. */
#include "access.h"
#include "cells.h"
#include "history.h"
#include "number.h"
#include "owner.h"
#include "standing.h"

#define NEED(class, size, at) ((((1u << (size)) - 1) << (at)&CELL_BYTES) | (class))
#define NEED4(class, size, at) \
    { \
        NEED(class, size, at), NEED(class, size, at), NEED(class, size, at), NEED(class, size, at) \
    }
#define NEEDS(class, size) \
    { \
        NEED4(class, size, 0), NEED4(class, size, 1), NEED4(class, size, 2), NEED4(class, size, 3), \
            NEED4(class, size, 4), NEED4(class, size, 5), NEED4(class, size, 6), NEED4(class, size, 7) \
    }
#define NEEDS_OF(class) \
    { \
        NEEDS(class, 1u), NEEDS(class, 2u), NEEDS(class, 4u), NEEDS(class, 8u) \
    }
const four_cells access_need[4][4][GRANULE] = {
    [ACCESS_READ] = NEEDS_OF(CELL_PLAIN),
    [ACCESS_WRITE] = NEEDS_OF(CELL_PLAIN | CELL_WRITE),
    [ACCESS_ATOMIC_READ] = NEEDS_OF(0),
    [ACCESS_ATOMIC_WRITE] = NEEDS_OF(CELL_WRITE),
};

/* Nothing behind, where it does not leave its granule. */
#define BEHIND(class, size, at) ((((1u << (size)) - 1) << (at) >> GRANULE & CELL_BYTES) | (class))
#define STRADDLE(class, size, at) \
    { \
        NEED4(class, size, at), \
        { \
            BEHIND(class, size, at), BEHIND(class, size, at), BEHIND(class, size, at), BEHIND(class, size, at) \
        } \
    }
#define STRADDLES(class, size) \
    { \
        STRADDLE(class, size, 0), STRADDLE(class, size, 1), STRADDLE(class, size, 2), STRADDLE(class, size, 3), \
            STRADDLE(class, size, 4), STRADDLE(class, size, 5), STRADDLE(class, size, 6), STRADDLE(class, size, 7) \
    }
#define STRADDLES_OF(class) \
    { \
        STRADDLES(class, 1u), STRADDLES(class, 2u), STRADDLES(class, 4u), STRADDLES(class, 8u) \
    }
const struct straddle_need straddle_need[2][4][GRANULE] = {STRADDLES_OF(CELL_PLAIN),
                                                           STRADDLES_OF(CELL_PLAIN | CELL_WRITE)};

/* The actor was about to go inside, and something asks it to pause, or there is no shadow. */
static __attribute__((noinline)) void missed_paused(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc)
{
    a->inside = 0;
    access_slow(a, addr, meta_size(what), meta_kind(what), pc);
}

/* Four cells, none of them a link, and no room for the access: two of them go into a block, if possible such that are not
 * of now. In a page of the actor's. False: it is not so, or not all is known, and nothing was changed. */
static bool step_full(struct actor *a, union granule *g, uint32_t stamp, uint32_t bytes, uint32_t class)
{
    const four_cells its_bytes = in_all(bytes);
    lanes known;
    union granule to = {.four = known_left(g->four, its_bytes, class, in_all(~0u))};
    if (granule_spilled(g) || lane_bits(lanes_without(to.four, CELL_BYTES)) ||
        !cells_are_known(a, g->four, g->cell, its_bytes, class, false, &known))
        return false;
    const uint32_t block = history_take(&a->stocks->spills, SPILL_UNIT);
    if (!block)
        return false;
    const unsigned old = lane_bits(stamps_current(&a->stamps, to.four)) ^ 15;
    const unsigned first = old ? (unsigned)__builtin_ctz(old) : 0;
    const unsigned more = (old ? old : 15) & ~(1u << first), second = more ? (unsigned)__builtin_ctz(more) : first ^ 1;
    spill_at(block)->four[0] = (four_cells){to.cell[first], to.cell[second], 0, 0};
    to.cell[first] = stamp | class | bytes;
    to.cell[second] = to.cell[CELLS - 1];
    if (first == CELLS - 1)
        to.cell[second] = stamp | class | bytes;
    to.cell[CELLS - 1] = history_link(block);
    granule_put(g, &to);
    return true;
}

/* In a page of the actor's, with a number. False: it takes another way, and nothing was changed. */
static bool step_mine(struct actor *a, union granule *g, uintptr_t addr, uint32_t stamp, uint32_t bytes, uint32_t class)
{
    if (!granule_empty(g))
        return granule_step(a, g, stamp, bytes, class) || step_full(a, g, stamp, bytes, class);
    const union granule to = {.cell = {stamp | class | bytes}};
    granule_put(g, &to);
    granules_filled(a, 1);
    shadow_used(addr);
    return true;
}

/* One granule. The actor is inside and stays so; `what`: with the bytes of the granule. number: of the access, or 0. */
static void step_seldom(struct actor *a, union granule *g, uintptr_t addr, uint32_t what, uintptr_t pc, uint32_t number)
{
    bool done = false;
    if (!number)
        number = number_of(a, pc, what);
    const uint32_t stamp = number << CELL_STAMP_SHIFT, bytes = meta_mask(what),
                   class = cell_from_meta(what) & CELL_CLASS;
    if (number && page_enter_fast(a, g, addr)) {
        done = step_mine(a, g, addr, stamp, bytes, class);
        page_leave(a);
        if (unlikely(__atomic_load_n(&collection_wanted, __ATOMIC_RELAXED)))
            pause_set(a, PAUSE_COLLECT);
    } else if (number && page_shared(g, addr)) {
        done = granule_step_shared(a, g, stamp, bytes, class);
    }
    if (!done)
        race_step(a, g, addr, what, pc, NULL);
}

/* The same, and the actor leaves. */
static __attribute__((noinline)) void missed_slow(struct actor *a, union granule *g, uintptr_t addr, uint32_t what,
                                                  uintptr_t pc, uint32_t number)
{
    step_seldom(a, g, addr, what, pc, number);
    actor_leave(a);
}

/* Most have room for eight. */
__attribute__((noinline)) bool next_many(const struct actor *a, union granule *g, four_cells *next, uint32_t stamp,
                                         uint32_t bytes, uint32_t class, bool others)
{
    return next_fours(a, g, next, SPILL_PLAIN / SPILL_UNIT, stamp, bytes, class, others);
}

/* A history that has become short is so at once: what is held is waited for by all who want it. */
__attribute__((noinline)) bool spilled_step_shared(struct actor *a, union granule *g, uint32_t stamp, uint32_t bytes,
                                                   uint32_t class)
{
    union granule held = history_hold(g);
    const bool done = granule_spilled(&held) && granule_step_spilled(a, &held, stamp, bytes, class, true);
    if (done)
        history_unite(&a->stocks->spills, &held);
    granule_put(g, &held);
    return done;
}

/* The place in sight for `sum`: that of another one, if it is of no use any more, or of this class; or else of a cell that is to go into
 * the block, *moves. */
static unsigned place_of_sum(const struct actor *a, const union granule *g, uint32_t sum, bool *moves)
{
    unsigned now = 0, old = CELLS;
    *moves = false;
    for (unsigned i = 0; i < CELLS - 1; i++) {
        const uint32_t cell = g->cell[i];
        const bool current = stamp_current(&a->stamps, cell), sums = history_is_cell(cell) && history_is_sum(cell);
        if (!history_is_cell(cell) || (sums && (!current || !((cell ^ sum) & CELL_CLASS))))
            return i;
        if (!current)
            old = i;
        else if (!sums)
            now = i;
    }
    *moves = true;
    return old < CELLS ? old : now;
}

static bool hide(uint32_t cell, four_cells *next, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const unsigned unused = lane_bits(lanes_without(next[i], CELL_BYTES));
        if (unused) {
            next[i][__builtin_ctz(unused)] = cell;
            return true;
        }
    }
    return false;
}

/* A cell of the block has covered an access of this class. All bytes of which that is so get into a cell in sight (META_SUM), where the
 * hooks see it. In a page of the actor's. */
static __attribute__((noinline)) void sum_up(struct actor *a, union granule *g, four_cells *next, unsigned n,
                                             uint32_t class)
{
    const uint32_t number = stamp_of(&a->stocks->reserve, a->who, 0, META_SUM);
    four_cells bytes = g->four & stamps_current(&a->stamps, g->four) & lanes_full(g->four, class);
    for (unsigned i = 0; i < n; i++)
        bytes |= next[i] & stamps_current(&a->stamps, next[i]) & lanes_full(next[i], class);
    const uint32_t sum = number << CELL_STAMP_SHIFT | class | (any_of(bytes) & CELL_BYTES);
    /* No number, or those of before are not of now any more: so nothing is covered any more. */
    if (!number || !history_is_cell(sum))
        return;
    bool moves;
    const unsigned at = place_of_sum(a, g, sum, &moves);
    if (moves && !hide(g->cell[at], next, n)) {
        next = history_grow(&a->stocks->spills, g, n);
        if (!next || !hide(g->cell[at], next, 2 * n))
            return;
    }
    union granule to = *g;
    to.cell[at] = sum;
    granule_put(g, &to);
}

/* The last cell is a link. Where many places read the same bytes, as a sort does, the cell that covers the access is mostly in the block:
 * that is looked at before all else. The actor is inside, and out of it afterwards; `what`: as the hook has it. */
static __attribute__((noinline)) void missed_spilled(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc,
                                                     union granule *g)
{
    const uint32_t bytes = meta_mask(what) << (addr & (GRANULE - 1)), class = cell_from_meta(what) & CELL_CLASS;
    what = (what & ~META_MASK) | bytes;
    uint32_t number = 0;
    if (likely(page_enter_fast(a, g, addr))) {
        unsigned n = 0;
        four_cells *next = history_next(g, &n);
        const four_cells need = in_all(class | bytes);
        bool done = false;
        for (unsigned i = 0; next && i < n && !done; i++)
            done = any_cell_covers(a, next[i], need);
        if (done)
            sum_up(a, g, next, n, class);
        else if ((number = number_ready(a, pc, what)) && next) {
            done = next_step(a, g, next, n, number << CELL_STAMP_SHIFT, bytes, class, false);
        }
        page_leave(a);
        if (likely(done)) {
            access_leave(a);
            return;
        }
    } else if (!(class & CELL_WRITE) && page_shared(g, addr) && standing_read(a, g, what, pc)) {
        access_leave(a);
        return;
    }
    missed_slow(a, g, addr, what, pc, number);
}

/* What could not be entered at once, mostly as actors share it. The actor is inside, and out of it afterwards. */
static inline __attribute__((always_inline)) void missed_shared(struct actor *a, union granule *g, uintptr_t addr,
                                                                uint32_t what, uintptr_t pc, uint32_t number,
                                                                uint32_t class)
{
    if (likely(page_shared(g, addr))) {
        const union granule now = granule_load(g);
        const union granule from = {.four = from_halves(now.half[0], now.half[1])};
        if (likely(!granule_spilled(&from) &&
                   cells_step_shared(a, g, &from, number << CELL_STAMP_SHIFT, meta_mask(what), class))) {
            access_leave(a);
            return;
        }
    }
    missed_slow(a, g, addr, what, pc, number);
}
static __attribute__((noinline)) void missed_shared_read(struct actor *a, union granule *g, uintptr_t addr,
                                                         uint32_t what, uintptr_t pc, uint32_t number)
{
    if (page_shared(g, addr) && standing_read(a, g, what, pc))
        access_leave(a);
    else
        missed_shared(a, g, addr, what, pc, number, CELL_PLAIN);
}
static __attribute__((noinline)) void missed_shared_write(struct actor *a, union granule *g, uintptr_t addr,
                                                          uint32_t what, uintptr_t pc, uint32_t number)
{
    missed_shared(a, g, addr, what, pc, number, CELL_PLAIN | CELL_WRITE);
}

/* No link is in the granule. The actor is inside, and out of it afterwards. */
static inline __attribute__((always_inline)) void missed_numbered(struct actor *a, union granule *g, uintptr_t addr,
                                                                  uint32_t what, uintptr_t pc, uint32_t number,
                                                                  uint32_t class)
{
    four_cells to;
    if (unlikely(!page_enter_fast(a, g, addr))) {
        (class & CELL_WRITE ? missed_shared_write : missed_shared_read)(a, g, addr, what, pc, number);
        return;
    }
    if (unlikely(granule_empty(g) ||
                 !cells_after(a, g->four, g->cell, number << CELL_STAMP_SHIFT, meta_mask(what), class, false, &to))) {
        page_leave(a);
        missed_slow(a, g, addr, what, pc, number);
        return;
    }
    *(volatile four_cells *)&g->four = to;
    page_leave(a);
    access_leave(a);
}

/* The first access of an epoch from its place, as most are where values go through channels. Not in missed(), which would save
 * registers for it. */
static inline __attribute__((always_inline)) void missed_fresh(struct actor *a, union granule *g, uintptr_t addr,
                                                               uint32_t what, uintptr_t pc, uint32_t class)
{
    const uint32_t number = number_quick(a, pc, what);
    if (likely(number))
        missed_numbered(a, g, addr, what, pc, number, class);
    else
        missed_slow(a, g, addr, what, pc, 0);
}
static __attribute__((noinline)) void missed_fresh_read(struct actor *a, union granule *g, uintptr_t addr,
                                                        uint32_t what, uintptr_t pc)
{
    missed_fresh(a, g, addr, what, pc, CELL_PLAIN);
}
static __attribute__((noinline)) void missed_fresh_write(struct actor *a, union granule *g, uintptr_t addr,
                                                         uint32_t what, uintptr_t pc)
{
    missed_fresh(a, g, addr, what, pc, CELL_PLAIN | CELL_WRITE);
}

static inline __attribute__((always_inline)) void missed(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc,
                                                         union granule *g, uint32_t class)
{
    a->inside = 1;
    compiler_barrier();
    if (unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED))) {
        missed_paused(addr, a, what, pc);
        return;
    }
    a->accesses++;
    /* Seen before the page is entered: if that is the actor's own, it was so all the time, and nobody else has changed this. */
    if (unlikely(granule_spilled(g))) {
        missed_spilled(addr, a, what, pc, g);
        return;
    }
    const uint32_t bytes = meta_mask(what) << (addr & (GRANULE - 1));
    const uint32_t number = number_ready(a, pc, what);
    what = (what & ~META_MASK) | bytes;
    if (unlikely(!number))
        (class & CELL_WRITE ? missed_fresh_write : missed_fresh_read)(a, g, addr, what, pc);
    else
        missed_numbered(a, g, addr, what, pc, number, class);
}

void access_missed_read(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc, union granule *g)
{
    missed(addr, a, what, pc, g, CELL_PLAIN);
}

void access_missed_write(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc, union granule *g)
{
    missed(addr, a, what, pc, g, CELL_PLAIN | CELL_WRITE);
}

/* ---- accesses that leave their granule ------------------------------------------------------------------------------- */

static __attribute__((noinline)) void straddle_slow(struct actor *a, union granule *g, uintptr_t addr, uint32_t what,
                                                    uintptr_t pc)
{
    const uintptr_t behind = (addr | (GRANULE - 1)) + 1;
    const uint32_t mask = meta_mask(what) << (addr & (GRANULE - 1));
    const uint32_t before = (what & ~META_MASK) | (mask & META_MASK), after = (what & ~META_MASK) | mask >> GRANULE;
    union granule *h = granule_at(behind);
    if (!cells_cover(a, g, cell_from_meta(before)))
        step_seldom(a, g, behind - GRANULE, before, pc, 0);
    if (likely(h != NULL) && !cells_cover(a, h, cell_from_meta(after)))
        step_seldom(a, h, behind, after, pc, 0);
    actor_leave(a);
}

/* In a page of the actor's: the bytes of one of the two granules. */
static inline __attribute__((always_inline)) bool part_step(struct actor *a, union granule *g, uint32_t stamp,
                                                            uint32_t bytes, uint32_t class)
{
    const four_cells old = g->four;
    if (any_cell_covers(a, old, in_all(bytes | class)))
        return true;
    four_cells to;
    if (unlikely(granule_empty(g) || granule_spilled(g) ||
                 !cells_after(a, old, g->cell, stamp, bytes, class, false, &to)))
        return false;
    *(volatile four_cells *)&g->four = to;
    return true;
}

static inline __attribute__((always_inline)) void straddle_missed(uintptr_t addr, struct actor *a, uint32_t what,
                                                                  uintptr_t pc, union granule *g, uint32_t class)
{
    a->inside = 1;
    compiler_barrier();
    if (unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED))) {
        missed_paused(addr, a, what, pc);
        return;
    }
    a->accesses += 2;
    /* Both parts are the whole access: one stamp. */
    const uint32_t number = number_ready(a, pc, what), stamp = number << CELL_STAMP_SHIFT;
    const uint32_t mask = meta_mask(what) << (addr & (GRANULE - 1));
    const bool one_page = (addr & ((1u << PAGE_SHIFT) - 1)) < (1u << PAGE_SHIFT) - GRANULE;
    if (likely(number && one_page && page_enter_fast(a, g, addr))) {
        const bool done =
            part_step(a, g, stamp, mask & META_MASK, class) && part_step(a, g + 1, stamp, mask >> GRANULE, class);
        page_leave(a);
        if (likely(done)) {
            access_leave(a);
            return;
        }
    }
    straddle_slow(a, g, addr, what, pc);
}
static __attribute__((noinline)) void straddle_missed_read(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc,
                                                           union granule *g)
{
    straddle_missed(addr, a, what, pc, g, CELL_PLAIN);
}
static __attribute__((noinline)) void straddle_missed_write(uintptr_t addr, struct actor *a, uint32_t what,
                                                            uintptr_t pc, union granule *g)
{
    straddle_missed(addr, a, what, pc, g, CELL_PLAIN | CELL_WRITE);
}

/* The next granule's cells can be looked at even behind the end of a region (shadow.h). */
static inline __attribute__((always_inline)) bool straddle_covered(struct actor *a, const union granule *g,
                                                                   const struct straddle_need *need)
{
    const four_cells cells = granule_fours(g), after = granule_fours(g + 1);
    if (!any_cell_covers(a, cells, need->here) || !any_cell_covers(a, after, need->behind))
        return false;
    a->accesses += 2;
    return true;
}

void access_straddle_read(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc, union granule *g,
                          const struct straddle_need *need)
{
    if (!straddle_covered(a, g, need))
        straddle_missed_read(addr, a, what, pc, g);
}

void access_straddle_write(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc, union granule *g,
                           const struct straddle_need *need)
{
    if (!straddle_covered(a, g, need))
        straddle_missed_write(addr, a, what, pc, g);
}
