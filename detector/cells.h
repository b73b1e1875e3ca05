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

/* The rest of this file is the whole rule on a granule when all that has bytes in common with the access is known to the
 * actor by its number: the usual case; or, if `others`, when it races with nothing: where actors share, what another one has read
 * is often not known, and nothing is wrong with that. False: it is not so, or there is no room, and nothing was changed. The access
 * is given by its stamp, in its place in a cell, by its bytes, and by its class: where that is a constant, the rule is shorter. */

/* Of the lanes that have bytes in common with the access all are known, but if `others`. cell: the same in memory. known: at least
 * all that are and have. */
static inline __attribute__((always_inline)) bool cells_are_known(const struct actor *a, four_cells v,
                                                                  const uint32_t *cell, four_cells bytes,
                                                                  uint32_t class, bool others, lanes *known)
{
    const lanes easy = stamps_own(&a->stamps, v) | (lanes)((v & bytes) == 0);
    const unsigned rest = lane_bits(easy) ^ 15;
    *known = in_all(~0u);
    if (!rest)
        return true;
    if (!others)
        return cells_known_lately(a, cell, rest);
    if (!cells_known(a, v, rest, class, known))
        return false;
    *known |= easy;
    return true;
}

/* cells_left. */
static inline __attribute__((always_inline)) four_cells known_left(four_cells v, four_cells bytes, uint32_t class,
                                                                   lanes known)
{
    if (__builtin_constant_p(class) && class == CELL_CLASS)
        return v & ~(bytes & known);
    return v & ~(bytes & lanes_without(v, class ^ CELL_CLASS) & known);
}

/* cells_room, without a branch that nobody can foresee, for lowest_lane: the twin of `it`, or else what is unused. */
static inline unsigned known_room(four_cells v, four_cells it, lanes unused)
{
    return lane_bits((lanes)((v ^ it) >> 8 == 0)) | lane_bits(unused) << 4;
}

/* What it makes of `old`, which no cell is a link of and `cell` is in memory. */
static inline __attribute__((always_inline)) bool cells_after(const struct actor *a, four_cells old,
                                                              const uint32_t *cell, uint32_t stamp, uint32_t bytes,
                                                              uint32_t class, bool others, four_cells *to)
{
    const four_cells it = in_all(stamp | class | bytes), its_bytes = it & in_all(CELL_BYTES);
    lanes known;
    if (!cells_are_known(a, old, cell, its_bytes, class, others, &known))
        return false;
    const four_cells rest = known_left(old, its_bytes, class, known);
    const lanes unused = lanes_without(rest, CELL_BYTES);
    const unsigned at = known_room(rest, it, unused);
    if (unlikely(!at))
        return false;
    *to = (rest & ~unused) | (lowest_lane(at) & it);
    return true;
}

/* The last cell of g is a link to n fours, `next` (history.h). What has no room in sight is put in the place of
 * another cell, if possible one that is not of now, and that goes where there is room. */
static inline __attribute__((always_inline)) bool next_fours(const struct actor *a, union granule *g, four_cells *next,
                                                             unsigned n, uint32_t stamp, uint32_t bytes, uint32_t class,
                                                             bool others)
{
    const four_cells it = in_all(stamp | class | bytes), its_bytes = it & in_all(CELL_BYTES), here = g->four;
    const lanes last = {0, 0, 0, ~0u};
    lanes known, known_next[4];
    bool may = cells_are_known(a, here, g->cell, its_bytes, class, others, &known);
    for (unsigned i = 0; i < n; i++)
        may = may && cells_are_known(a, next[i], (const uint32_t *)&next[i], its_bytes, class, others, &known_next[i]);
    if (unlikely(!may))
        return false;

    four_cells rest[4];
    unsigned room[4], to = 0;
    for (unsigned i = 0; i < n; i++) {
        const four_cells left = known_left(next[i], its_bytes, class, known_next[i]);
        const lanes unused = lanes_without(left, CELL_BYTES);
        rest[i] = left & ~unused;
        room[i] = lane_bits(unused);
    }
    while (to + 1 < n && !room[to])
        to++;
    const four_cells left = known_left(here, its_bytes, class, known);
    const lanes unused = lanes_without(left, CELL_BYTES) & ~last;
    const four_cells shown = left & ~unused;
    /* The link is never the twin, though it may look like one. */
    const unsigned in_sight = known_room(shown, it, unused) & ~(1u << (CELLS - 1));
    if (unlikely(!(in_sight | room[to])))
        return false;
    const unsigned old = lane_bits(~(stamps_current(&a->stamps, shown) | last));
    const lanes at = lowest_lane(in_sight ? in_sight : old | 1u << 4), moves = in_all(in_sight ? 0 : ~0u) & at;
    rest[to] |= in_all(any_of(shown & moves)) & lowest_lane(room[to] | 1u << 4);
    for (unsigned i = 0; i < n; i++)
        next[i] = rest[i];
    const union granule then = {.four = (shown & ~moves) | (it & at)};
    granule_put(g, &then);
    return true;
}

/* missed.c */
bool next_many(const struct actor *a, union granule *g, four_cells *next, uint32_t stamp, uint32_t bytes,
               uint32_t class, bool others);
static inline __attribute__((always_inline)) bool next_step(const struct actor *a, union granule *g, four_cells *next,
                                                            unsigned n, uint32_t stamp, uint32_t bytes, uint32_t class,
                                                            bool others)
{
    return n == 1   ? next_fours(a, g, next, 1, stamp, bytes, class, others)
           : n == 2 ? next_fours(a, g, next, 2, stamp, bytes, class, others)
                    : next_many(a, g, next, stamp, bytes, class, others);
}

/* In a page that is the actor's (owner.h), or a granule that it holds. */
static inline __attribute__((always_inline)) bool
granule_step_spilled(struct actor *a, union granule *g, uint32_t stamp, uint32_t bytes, uint32_t class, bool others)
{
    unsigned n = 0;
    four_cells *next = history_next(g, &n);
    return next && next_step(a, g, next, n, stamp, bytes, class, others);
}
/* In a page that is the actor's, what may have been read by others before. */
static inline bool granule_step(struct actor *a, union granule *g, uint32_t stamp, uint32_t bytes, uint32_t class)
{
    if (unlikely(granule_spilled(g)))
        return granule_step_spilled(a, g, stamp, bytes, class, true);
    union granule to;
    if (unlikely(granule_empty(g)) || /* who fills a granule counts it */
        !cells_after(a, g->four, g->cell, stamp, bytes, class, true, &to.four))
        return false;
    granule_put(g, &to);
    return true;
}

/* In a page that actors share, a granule in which no cell is a link. */
static inline __attribute__((always_inline)) bool cells_step_shared(struct actor *a, union granule *g,
                                                                    const union granule *from, uint32_t stamp,
                                                                    uint32_t bytes, uint32_t class)
{
    union granule to;
    return !granule_empty(from) && cells_after(a, from->four, from->cell, stamp, bytes, class, true, &to.four) &&
           (granule_same(from, &to) || granule_replace(g, from, &to));
}

/* In a page that actors share, where the last cell was a link. missed.c */
bool spilled_step_shared(struct actor *a, union granule *g, uint32_t stamp, uint32_t bytes, uint32_t class);
/* In a page that actors share. */
static inline bool granule_step_shared(struct actor *a, union granule *g, uint32_t stamp, uint32_t bytes,
                                       uint32_t class)
{
    const union granule now = granule_load(g);
    const union granule from = {.four = from_halves(now.half[0], now.half[1])};
    return granule_spilled(&from) ? spilled_step_shared(a, g, stamp, bytes, class)
                                  : cells_step_shared(a, g, &from, stamp, bytes, class);
}

#endif
