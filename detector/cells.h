/* The happens-before rule on four cells at a time (race.h has it on lists).
 *
 * An access takes its bytes from all that it dominates, of its own epoch, too: that of two accesses of one epoch the later one
 * is remembered costs nothing, and keeps histories short where a program reads overlapping words (measured on zstd: a fifth
 * of all steps met more than four cells before). Cells without bytes (none, or a link: history.h) meet nothing. */
#ifndef GORACE_CELLS_H
#define GORACE_CELLS_H

#include "actor.h"
#include "shadow.h"

/* The actor made the access of stamp `number`, or knows it. */
static inline bool stamp_known(const struct actor *a, uint32_t number)
{
    uint64_t *lately = &a->stocks->known[number % KNOWN_STAMPS];
    const uint64_t it = a->number << STAMP_BITS | number;
    if (likely(*lately == it))
        return true;
    const who_t who = stamps[number].who;
    if (who_slot(who) != who_slot(a->who) && !actor_knows(a, who))
        return false;
    *lately = it;
    return true;
}

/* Of the lanes in `bits`: those that the actor knows, in *known. False: one that it does not know races with `cell`. */
static inline bool cells_known(const struct actor *a, four_cells v, unsigned bits, uint32_t cell, lanes *known)
{
    for (*known = in_all(0); bits; bits &= bits - 1) {
        const lanes lane = lowest_lane(bits);
        const uint32_t c = any_of(v & lane);
        if (stamp_known(a, c >> CELL_STAMP_SHIFT))
            *known |= lane;
        else if (((c | cell) & CELL_CLASS) == CELL_CLASS)
            return false;
    }
    return true;
}

/* [DOMINATE] What the access `cell` leaves of v: the bytes that it takes from accesses of the lanes `known` that conflict with
 * no more than it does, are theirs no longer. */
static inline four_cells cells_left(four_cells v, uint32_t cell, lanes known)
{
    const lanes weaker = lanes_without(v, ~cell & CELL_CLASS);
    return v & ~(in_all(cell & CELL_BYTES) & weaker & known);
}

/* What the rule leaves of *v when the access `cell` comes. False: there is a race, and nothing was changed. */
static inline bool cells_meet(const struct actor *a, four_cells *v, uint32_t cell)
{
    const four_cells old = *v;
    const lanes common = lanes_with(old, cell & CELL_BYTES), own = stamps_own(&a->stamps, old);
    const unsigned others = lane_bits(common & ~own);
    lanes known = own;
    if (others) {
        if (!cells_known(a, old, others, cell, &known))
            return false;
        known |= own;
    }
    const four_cells rest = cells_left(old, cell, known);
    *v = rest & ~(common & lanes_without(rest, CELL_BYTES));
    return true;
}

/* Where to add the access: with its twin on other bytes, as a loop over bytes is one access, or where nothing is. 0: there is
 * no room. */
static inline unsigned cells_room(four_cells v, uint32_t cell, lanes unused)
{
    const unsigned twin = lane_bits(lanes_without(v ^ in_all(cell), ~CELL_BYTES));
    return twin ? twin : lane_bits(unused);
}

/* The access is in *v afterwards. False: there is no room. */
static inline bool cells_add(four_cells *v, uint32_t cell)
{
    const unsigned at = cells_room(*v, cell, lanes_without(*v, ~0u));
    if (!at)
        return false;
    *v |= lowest_lane(at) & in_all(cell);
    return true;
}

/* All of the rule when every access with common bytes is the actor's own and of its present stretch of numbers, and no cell is a
 * link, which is the usual case. False: it is not so, or there is no room, and nothing was changed. */
static inline bool cells_step_own(const struct stamp_own *own, four_cells *v, uint32_t cell)
{
    const four_cells old = *v, bytes = old & in_all(cell & CELL_BYTES);
    const lanes apart = (lanes)(bytes == 0);
    if (unlikely(lane_bits(stamps_own(own, old) | apart) != 0xf))
        return false;
    const four_cells rest = old & ~(bytes & lanes_without(old, ~cell & CELL_CLASS));
    const lanes unused = lanes_without(rest, CELL_BYTES);
    const unsigned at = cells_room(rest, cell, unused);
    if (unlikely(!at))
        return false;
    *v = (rest & ~unused) | (lowest_lane(at) & in_all(cell));
    return true;
}

#endif
