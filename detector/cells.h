/* The happens-before rule on four cells at a time (race.h has it on lists).
 *
 * An access takes its bytes from all that it dominates, of its own epoch, too: that of two accesses of one epoch the later one
 * is remembered costs nothing, and keeps histories short where a program reads overlapping words (measured on zstd: a fifth
 * of all steps met more than four cells before). Cells without bytes (none, or a link: history.h) meet nothing. */
#ifndef GORACE_CELLS_H
#define GORACE_CELLS_H

#include "actor.h"
#include "history.h"

/* The actor made the access of stamp `number`, or knows it. */
static inline bool stamp_known(const struct actor *a, uint32_t number)
{
    uint64_t *lately = &a->stocks->known[number % KNOWN_STAMPS];
    const uint64_t it = known_stamp(a, number);
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

/* Of the lanes in `bits`: all are known, as was found out lately. */
static inline bool cells_known_lately(const struct actor *a, const uint32_t *cell, unsigned bits)
{
    for (; bits; bits &= bits - 1) {
        const uint32_t number = cell[__builtin_ctz(bits)] >> CELL_STAMP_SHIFT;
        if (unlikely(a->stocks->known[number % KNOWN_STAMPS] != known_stamp(a, number)))
            return false;
    }
    return true;
}

/* The lanes that have bytes in common with the access and may be others'. */
static inline unsigned cells_of_others(const struct actor *a, four_cells v, uint32_t cell)
{
    return lane_bits(~stamps_own(&a->stamps, v) & lanes_with(v, cell & CELL_BYTES));
}

/* The rest of this file is the whole rule on a granule when all that has bytes in common with the access is known to the actor by
 * its number: the usual case. False: it is not so, or there is no room, and nothing was changed. */

/* What it makes of *from, of which no cell is a link. */
static inline __attribute__((always_inline)) bool cells_after(const struct actor *a, const union granule *from,
                                                              uint32_t cell, union granule *to)
{
    const four_cells old = from->four;
    const unsigned others = cells_of_others(a, old, cell);
    if (others && !cells_known_lately(a, from->cell, others))
        return false;
    const four_cells rest = cells_left(old, cell, in_all(~0u));
    const lanes unused = lanes_without(rest, CELL_BYTES);
    const unsigned at = cells_room(rest, cell, unused);
    if (unlikely(!at))
        return false;
    to->four = (rest & ~unused) | (lowest_lane(at) & in_all(cell));
    return true;
}

/* The last one is a link to n fours, 1 or 2, `next` (history.h). */
static inline bool next_step(const struct actor *a, union granule *g, four_cells *next, unsigned n, uint32_t cell)
{
    const four_cells last = {0, 0, 0, ~0u}, here = g->four;
    four_cells rest[2];
    unsigned room[2] = {0, 0};
    const unsigned others = cells_of_others(a, here, cell);
    if (others && !cells_known_lately(a, g->cell, others))
        return false;
    for (unsigned i = 0; i < n; i++) {
        const four_cells there = next[i];
        const unsigned others_there = cells_of_others(a, there, cell);
        if (others_there && !cells_known_lately(a, (const uint32_t *)&next[i], others_there))
            return false;
        const four_cells left = cells_left(there, cell, in_all(~0u));
        const lanes unused = lanes_without(left, CELL_BYTES);
        rest[i] = left & ~unused;
        room[i] = lane_bits(unused);
    }
    union granule to = {.four = cells_left(here, cell, in_all(~0u))};
    const lanes unused = lanes_without(to.four, CELL_BYTES) & ~last;
    unsigned at = cells_room(to.four, cell, unused);
    to.four &= ~unused;
    if (!at) {
        /* One goes there, if possible one that is not of now. */
        const unsigned old = lane_bits(~(stamps_current(&a->stamps, to.four) | last)), i = !room[0];
        if (unlikely(!room[i]))
            return false;
        at = old ? old : 1;
        const lanes from = lowest_lane(at);
        rest[i] |= in_all(any_of(to.four & from)) & lowest_lane(room[i]);
        to.four &= ~from;
    }
    to.four |= lowest_lane(at) & in_all(cell);
    for (unsigned i = 0; i < n; i++)
        next[i] = rest[i];
    granule_put(g, &to);
    return true;
}

/* In a page that is the actor's (owner.h). */
static inline bool granule_step(struct actor *a, union granule *g, uint32_t cell)
{
    const uint32_t link = g->cell[CELLS - 1];
    if (likely(!link || link & CELL_BYTES)) {
        union granule to;
        if (unlikely(granule_empty(g)) || !cells_after(a, g, cell, &to)) /* who fills a granule counts it */
            return false;
        granule_put(g, &to);
        return true;
    }
    unsigned n;
    four_cells *next = history_next(g, &n);
    return next && next_step(a, g, next, n, cell);
}

/* In a page that actors share. */
static inline bool granule_step_shared(struct actor *a, union granule *g, uint32_t cell)
{
    const union granule now = granule_load(g);
    const union granule from = {.four = from_halves(now.half[0], now.half[1])};
    union granule to;
    return !granule_empty(&from) && !granule_spilled(&from) && cells_after(a, &from, cell, &to) &&
           granule_replace(g, &from, &to);
}

#endif
