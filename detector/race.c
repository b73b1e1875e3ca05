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
#include "crowd.h"
#include "history.h"
#include "lockset.h"
#include "number.h"
#include "owner.h"

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

/* A granule that is spilled, before or after, with a history that is not long, or a crowd; false: it takes a list. */
static __attribute__((noinline)) bool step_in_spill(struct actor *a, union granule *g, uint32_t cell, bool mine)
{
    const union granule from = mine ? granule_load(g) : history_hold(g);
    union granule to = from;
    four_cells v[HISTORY_FOURS];
    const unsigned n = history_fours(&from, v);
    const bool done = n ? fours_step(a, v, n, cell) && history_put_fours(&a->stamps, &a->stocks->spills, v, n, &to)
                        : crowd_step(a, &to, cell);
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
