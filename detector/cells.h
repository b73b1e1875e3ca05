/* The happens-before rule on four cells at a time (race.h has it on lists), without a branch but for what other actors did.
 *
 * Cells without bytes (none, or a link: history.h) meet nothing. */
#ifndef GORACE_CELLS_H
#define GORACE_CELLS_H

#include "actor.h"
#include "shadow.h"

/* The accesses have bytes in common with the access `cell`, and whatever conflicts with it there conflicts with them. */
static inline lanes cells_covering(const struct actor *a, four_cells v, uint32_t cell)
{
    return lanes_with(v, cell & CELL_BYTES) & lanes_full(v, cell & CELL_CLASS) & stamps_current(&a->stamps, v);
}

/* The accesses were made by the actor, or by one that had its slot before and is known to it. */
static inline lanes cells_own(const struct actor *a, four_cells v)
{
#define SLOT_OF(i) (uint32_t)(stamps[v[i] >> CELL_STAMP_SHIFT].who >> EPOCH_BITS)
    return (lanes)((four_cells){SLOT_OF(0), SLOT_OF(1), SLOT_OF(2), SLOT_OF(3)} == in_all(who_slot(a->who)));
#undef SLOT_OF
}

/* Of the lanes in `bits`: adds those that the actor knows to *known. False: one that it does not know races with `cell`. */
static inline bool cells_known(const struct actor *a, four_cells v, unsigned bits, uint32_t cell, lanes *known)
{
    for (; bits; bits &= bits - 1) {
        const lanes lane = lowest_lane(bits);
        const uint32_t c = any_of(v & lane);
        if (actor_knows(a, stamps[c >> CELL_STAMP_SHIFT].who))
            *known |= lane;
        else if (((c | cell) & CELL_CLASS) == CELL_CLASS)
            return false;
    }
    return true;
}

/* What the rule leaves of *v when the access `cell` comes: *v, and of the access's bytes, *left. False: there is a race, and
 * nothing was changed. */
static inline __attribute__((always_inline)) bool cells_meet(const struct actor *a, four_cells *v, uint32_t cell,
                                                             bool is_free, uint32_t *left)
{
    const four_cells old = *v;
    const lanes common = lanes_with(old, cell & CELL_BYTES);
    lanes known = cells_own(a, old);
    const unsigned foreign = lane_bits(common & ~known);
    if (foreign && !cells_known(a, old, foreign, cell, &known))
        return false;
    /* [SAME EPOCH]; one with a number of a reserve that is used up is replaced, and recognised from then on. */
    const lanes covers = is_free ? in_all(0) : cells_covering(a, old, cell);
    *left &= ~any_of(old & covers);
    /* [DOMINATE] */
    const lanes dominated = common & known & ~covers & lanes_without(old, ~cell & CELL_CLASS);
    const four_cells rest = old & ~(dominated & in_all(cell & CELL_BYTES));
    *v = rest & ~(common & lanes_without(rest, CELL_BYTES));
    return true;
}

/* Adds the access to *v: to its twin on other bytes, as a loop over bytes is one access, or where nothing is. False: there is
 * no room. */
static inline bool cells_add(four_cells *v, uint32_t cell)
{
    unsigned at = lane_bits(lanes_without(*v ^ in_all(cell), ~CELL_BYTES));
    if (!at)
        at = lane_bits(lanes_without(*v, ~0u));
    if (!at)
        return false;
    *v |= lowest_lane(at) & in_all(cell);
    return true;
}

#endif
