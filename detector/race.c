/* FastTrack (Flanagan & Freund, PLDI'09), byte-exact, with nothing evicted.
 *
 * The history of a granule is the set of accesses that are not yet dominated. A new access N of actor a meets every
 * remembered access X with common bytes:
 *   [RACE]      X conflicts with N (kind_conflicts) and a does not know X's epoch: the pair is reported.
 *   [DOMINATE]  a knows X (or made it), and whatever conflicts with X conflicts with N (kind_covered_by): whoever comes
 *               later and is unordered with X is unordered with N, so X's common bytes are forgotten.
 *   otherwise   both stay: unordered readers, atomics, and both sides of a race, so that a third access that races with
 *               either is reported as well.
 *   [SAME EPOCH] bytes of N that an access of the same epoch covers need not be added; cells.h lets the later one have them.
 * FastTrack's write epoch, read epoch and read vector are the cases of this; the set has no fixed size.
 *
 * cells.h has the rule on cells, for histories that are not long and have no race: what is done here. race_transition has
 * it on lists, for the others (race_list.c). The model test (tests/unit/test_race_model.c) plays both against an oracle. */
#include "race.h"

#include "access.h"
#include "cells.h"
#include "history.h"
#include "lockset.h"
#include "number.h"
#include "owner.h"

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

/* A granule that is not spilled, before and after; false: it is, or there is a race. `cell`: the access; mine: owner.h. */
static inline bool step_in_cells(struct actor *a, union granule *g, uint32_t cell, bool mine, union granule seen[2])
{
    for (;;) {
        const union granule from = granule_load(g);
        four_cells v = from_halves(from.half[0], from.half[1]);
        if (granule_spilled(&from) || !cells_meet(a, &v, cell) || !cells_add(&v, cell))
            return false;
        const union granule to = {.half = {low_half(v), high_half(v)}};
        if (!granule_same(&from, &to) && unlikely(!granule_change(g, &from, &to, mine)))
            continue;
        if (granule_empty(&from))
            granules_filled(a, 1);
        if (seen) {
            seen[0] = from;
            seen[1] = to;
        }
        return true;
    }
}

/* Exchanges the first cell of *hidden for one of *shown that is not of the current epoch, if there is one: what covers an
 * access is where the fast path sees it. */
static inline void show(const struct actor *a, four_cells *shown, four_cells *hidden, unsigned at)
{
    const unsigned here = lane_bits(lanes_with(*shown, CELL_BYTES) & ~stamps_current(&a->stamps, *shown));
    if (!here)
        return;
    const lanes from = lowest_lane(at), to = lowest_lane(here);
    const uint32_t up = any_of(*hidden & from), down = any_of(*shown & to);
    *hidden = (*hidden & ~from) | (in_all(down) & from);
    *shown = (*shown & ~to) | (in_all(up) & to);
}

/* The rule on all fours of a history, the granule's own first, the last one empty. False: there is a race. */
static bool fours_step(const struct actor *a, four_cells *v, unsigned n, uint32_t cell)
{
    for (unsigned i = 0; i < n; i++)
        if (lane_bits(lanes_with(v[i], cell & CELL_BYTES)) && !cells_meet(a, &v[i], cell))
            return false;
    unsigned i = 0;
    while (!cells_add(&v[i], cell))
        i++;
    if (i)
        show(a, &v[0], &v[i], lane_bits(lanes_without(v[i] ^ in_all(cell), ~CELL_BYTES)));
    return true;
}

/* A granule that is spilled, before or after, with a history that is not long; false: it takes a list. */
static __attribute__((noinline)) bool step_in_spill(struct actor *a, union granule *g, uint32_t cell, bool mine)
{
    const union granule from = mine ? granule_load(g) : history_hold(g);
    union granule to = from;
    four_cells v[HISTORY_FOURS];
    const unsigned n = history_fours(&from, v);
    const bool done = n && fours_step(a, v, n, cell) && history_put_fours(&a->stamps, &a->stocks->spills, v, n, &to);
    if (done || !mine)
        granule_put(g, &to);
    return done;
}

/* The step has begun, if `mine`, and is over afterwards. */
static __attribute__((noinline)) void step_rarely(struct actor *a, union granule *g, uintptr_t addr, uint32_t what,
                                                  uintptr_t pc, uint32_t number, bool mine)
{
    if (unlikely(!number) || !step_in_spill(a, g, cell_of(number, what), mine)) {
        const uint32_t meta = what | lockset_now(a) << META_LOCKS_SHIFT;
        const struct access now = {a->who, call_child(a, pc), meta, number};
        race_step_in_list(a, g, addr & ~(uintptr_t)(GRANULE - 1), &now);
        shadow_used(addr);
    }
    page_leave(a);
    if (unlikely(__atomic_load_n(&collection_wanted, __ATOMIC_RELAXED)))
        pause_set(a, PAUSE_COLLECT);
}

void race_step(struct actor *a, union granule *g, uintptr_t addr, uint32_t what, uintptr_t pc, union granule seen[2])
{
    const uint32_t number = number_of(a, pc, what);
    const uint32_t filled = a->filled;
    const bool mine = page_enter(a, g, addr);
    if (likely(number && step_in_cells(a, g, cell_of(number, what), mine, seen)))
        page_leave(a);
    else
        step_rarely(a, g, addr, what, pc, number, mine);
    if (a->filled != filled)
        shadow_used(addr);
}

static __attribute__((noinline)) void missed_slow(struct actor *a, union granule *g, uintptr_t addr, uint32_t what,
                                                  uintptr_t pc, uint32_t number)
{
    if (!number || !page_shared(g, addr) || !granule_step_shared(a, g, cell_of(number, what)))
        race_step(a, g, addr, what, pc, NULL);
    actor_leave(a);
}

static __attribute__((noinline)) void straddle_slow(struct actor *a, union granule *g, uintptr_t addr, uint32_t what,
                                                    uintptr_t pc)
{
    const uintptr_t behind = (addr | (GRANULE - 1)) + 1;
    const uint32_t mask = meta_mask(what) << (addr & (GRANULE - 1));
    const uint32_t before = (what & ~META_MASK) | (mask & META_MASK), after = (what & ~META_MASK) | mask >> GRANULE;
    union granule *h = granule_at(behind);
    if (!cells_cover(a, g, cell_from_meta(before)))
        race_step(a, g, behind - GRANULE, before, pc, NULL);
    if (likely(h != NULL) && !cells_cover(a, h, cell_from_meta(after)))
        race_step(a, h, behind, after, pc, NULL);
    actor_leave(a);
}

static __attribute__((noinline)) void straddle_missed(struct actor *a, union granule *g, uintptr_t addr, uint32_t what,
                                                      uintptr_t pc)
{
    /* Both parts are the whole access: one stamp. */
    const uint32_t number = number_cached(a, pc, what), mask = meta_mask(what) << (addr & (GRANULE - 1));
    const uint32_t need = cell_from_meta(what & ~META_MASK), stamp = number << CELL_STAMP_SHIFT;
    const bool one_page = (addr + GRANULE) >> PAGE_SHIFT == addr >> PAGE_SHIFT;
    if (likely(number && one_page && page_enter_fast(a, g, addr))) {
        const uint32_t before = need | (mask & META_MASK), after = need | mask >> GRANULE;
        const bool done = (cells_cover(a, g, before) || granule_step(a, g, stamp | before)) &&
                          (cells_cover(a, g + 1, after) || granule_step(a, g + 1, stamp | after));
        page_leave(a);
        if (likely(done)) {
            access_leave(a);
            return;
        }
    }
    straddle_slow(a, g, addr, what, pc);
}

void access_straddle(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc)
{
    const uintptr_t base = region_base(addr);
    if (likely(base != 0)) {
        /* The next granule's cells can be looked at even behind the end of a region (shadow.h). */
        union granule *g = granule_in(base, addr);
        const four_cells cells = granule_fours(g), after = granule_fours(g + 1);
        const uint64_t now = span_now(a);
        const uint32_t need = cell_from_meta(what & ~META_MASK), mask = meta_mask(what) << (addr & (GRANULE - 1));
        if (likely(any_cell_covers(now, cells, in_all(need | (mask & META_MASK))) &&
                   any_cell_covers(now, after, in_all(need | mask >> GRANULE)))) {
            a->accesses += 2;
            return;
        }
        a->inside = 1;
        compiler_barrier();
        if (likely(!__atomic_load_n(&a->pause, __ATOMIC_RELAXED))) {
            a->accesses += 2;
            straddle_missed(a, g, addr, what, pc);
            return;
        }
        a->inside = 0;
    }
    access_slow(a, addr, meta_size(what), meta_kind(what), pc);
}

void access_missed(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc)
{
    const uintptr_t base = region_base(addr);
    a->inside = 1;
    compiler_barrier();
    if (unlikely(!base || __atomic_load_n(&a->pause, __ATOMIC_RELAXED))) {
        a->inside = 0;
        access_slow(a, addr, meta_size(what), meta_kind(what), pc);
        return;
    }
    union granule *g = granule_in(base, addr);
    a->accesses++;
    what = (what & ~META_MASK) | meta_mask(what) << (addr & (GRANULE - 1));
    if (unlikely(granule_spilled(g)))
        __builtin_prefetch(spill_at(g->cell[CELLS - 1] >> 8)); /* mostly the block that the step waits for */
    const uint32_t number = number_cached(a, pc, what);
    if (likely(number && page_enter_fast(a, g, addr))) {
        const bool done = granule_step(a, g, cell_of(number, what));
        page_leave(a);
        if (likely(done)) {
            access_leave(a);
            return;
        }
    }
    missed_slow(a, g, addr, what, pc, number);
}
