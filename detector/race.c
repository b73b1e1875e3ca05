/* FastTrack (Flanagan & Freund, PLDI'09), byte-exact, with nothing evicted.
 *
 * The history of a granule is the set of accesses that are not yet dominated. A new access N of actor a meets every
 * remembered access X with common bytes:
 *   [RACE]      X conflicts with N (kind_conflicts) and a does not know X's epoch: the pair is reported.
 *   [DOMINATE]  a knows X (or made it), and whatever conflicts with X conflicts with N (kind_covered_by): whoever comes
 *               later and is unordered with X is unordered with N, so X's common bytes are forgotten.
 *   otherwise   both stay: unordered readers, atomics, and both sides of a race, so that a third access that races with
 *               either is reported as well.
 *   [SAME EPOCH] bytes of N that an access of the same epoch covers are not added.
 * FastTrack's write epoch, read epoch and read vector are the cases of this; the set has no fixed size.
 *
 * cells.h has the rule on cells, for histories that are not long and have no race: what is done here. race_transition has
 * it on lists, for the others (race_list.c). The model test (tests/unit/test_race_model.c) plays both against an oracle. */
#include "race.h"

#include "access.h"
#include "cells.h"
#include "history.h"
#include "lockset.h"

/* A granule that is not spilled, before and after; false: it is, or there is a race. `cell`: the access. */
static inline __attribute__((always_inline)) bool step_in_cells(struct actor *a, union granule *g, const uint32_t cell,
                                                                const bool is_free, union granule seen[2])
{
    for (;;) {
        const union granule from = granule_load(g);
        four_cells v = from_halves(from.half[0], from.half[1]);
        uint32_t left = cell & CELL_BYTES;
        if (granule_spilled(&from) || !cells_meet(a, &v, cell, is_free, &left) ||
            (left && !cells_add(&v, (cell & ~CELL_BYTES) | left)))
            return false;
        const union granule to = {.half = {low_half(v), high_half(v)}};
        if (!granule_same(&from, &to)) {
            if (unlikely(!granule_replace(g, &from, &to)))
                continue;
            if (granule_empty(&from))
                granules_filled(a, 1);
        }
        if (seen) {
            seen[0] = from;
            seen[1] = to;
        }
        return true;
    }
}

/* Exchanges a cell of *shown, if it has one that is not of the current epoch, for the lowest of the lanes `there` of
 * *hidden: what covers an access is where the fast path sees it. */
static inline void show(const struct actor *a, four_cells *shown, four_cells *hidden, unsigned there)
{
    const unsigned here = lane_bits(lanes_with(*shown, CELL_BYTES) & ~stamps_current(&a->stamps, *shown));
    if (!here)
        return;
    const lanes from = lowest_lane(there), to = lowest_lane(here);
    const uint32_t up = any_of(*hidden & from), down = any_of(*shown & to);
    *hidden = (*hidden & ~from) | (in_all(down) & from);
    *shown = (*shown & ~to) | (in_all(up) & to);
}

/* The rule on all fours of a history, the granule's own first, the last one empty. False: there is a race. */
static bool fours_step(const struct actor *a, four_cells *v, unsigned n, uint32_t cell, bool is_free)
{
    uint32_t left = cell & CELL_BYTES;
    unsigned covering = 0;
    for (unsigned i = 0; i < n; i++) {
        const uint32_t before = left;
        if (lane_bits(lanes_with(v[i], cell & CELL_BYTES)) && !cells_meet(a, &v[i], cell, is_free, &left))
            return false;
        if (left != before)
            covering = i;
    }
    if (left) {
        cell = (cell & ~CELL_BYTES) | left;
        while (!cells_add(&v[covering], cell))
            covering++;
    }
    if (covering)
        show(a, &v[0], &v[covering], lane_bits(cells_covering(a, v[covering], cell)));
    return true;
}

/* A granule that is spilled, before or after, with a history that is not long; false: it takes a list. */
static __attribute__((noinline)) bool step_in_spill(struct actor *a, union granule *g, const uint32_t cell,
                                                    bool is_free)
{
    union granule from, to;
    bool done;
    do {
        while (!history_hold(g, &from))
            ;
        four_cells v[HISTORY_FOURS];
        const unsigned n = history_fours(&from, v);
        to = from;
        done = n && fours_step(a, v, n, cell, is_free) && history_put_fours(&a->stamps, &a->stocks->spills, v, n, &to);
    } while (!history_let(&a->stocks->spills, g, &from, &to));
    return done;
}

static __attribute__((noinline)) uint32_t number_slow(struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint32_t number = stamp_of(&a->stamps, a->who, call_child(a, pc), meta);
    struct call_cache *c = call_place(a, pc);
    c->meta = meta;
    c->number = number;
    return number;
}

/* The number for an access from `pc` now. */
static inline uint32_t number_of(struct actor *a, uintptr_t pc, uint32_t meta)
{
    const struct call_cache *c = call_place(a, pc);
    const bool same = c->pc == pc && c->parent == a->context && c->meta == meta;
    if (likely(same && stamp_current(&a->stamps, c->number << CELL_STAMP_SHIFT)))
        return c->number;
    return number_slow(a, pc, meta);
}

static __attribute__((noinline)) void step_rarely(struct actor *a, union granule *g, uintptr_t addr, uint32_t meta,
                                                  uintptr_t pc, uint32_t number)
{
    const bool is_free = meta_kind(meta) == ACCESS_FREE;
    if (likely(number) && step_in_spill(a, g, number << CELL_STAMP_SHIFT | cell_from_meta(meta), is_free))
        return;
    const struct access now = {a->who, call_child(a, pc), meta, number};
    race_step_in_list(a, g, addr & ~(uintptr_t)(GRANULE - 1), &now);
    shadow_used(addr);
}

static inline __attribute__((always_inline)) void step(struct actor *a, union granule *g, uintptr_t addr, uint32_t what,
                                                       uintptr_t pc, bool is_free, union granule seen[2])
{
    const uint32_t meta = what | lockset_now(a) << META_LOCKS_SHIFT, number = number_of(a, pc, stamp_meta(meta));
    const uint32_t cell = number << CELL_STAMP_SHIFT | cell_from_meta(what), filled = a->filled;
    if (unlikely(!number || !step_in_cells(a, g, cell, is_free, seen)))
        step_rarely(a, g, addr, meta, pc, number);
    if (a->filled != filled)
        shadow_used(addr);
    if (unlikely(__atomic_load_n(&collection_wanted, __ATOMIC_RELAXED)))
        pause_set(a, PAUSE_COLLECT);
}

void race_step(struct actor *a, union granule *g, uintptr_t addr, uint32_t what, uintptr_t pc, union granule seen[2])
{
    step(a, g, addr, what, pc, meta_kind(what) == ACCESS_FREE, seen);
}

void access_missed(struct actor *a, uintptr_t addr, uint32_t what, uintptr_t pc)
{
    step(a, granule_at(addr), addr, what, pc, false, NULL);
    actor_leave(a);
}
