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
static inline bool step_in_cells(struct actor *a, union granule *g, uint32_t cell, union granule seen[2])
{
    for (;;) {
        const union granule from = granule_load(g);
        four_cells v = from_halves(from.half[0], from.half[1]);
        if (granule_spilled(&from) || !cells_meet(a, &v, cell) || !cells_add(&v, cell))
            return false;
        const union granule to = {.half = {low_half(v), high_half(v)}};
        if (!granule_same(&from, &to) && unlikely(!granule_replace(g, &from, &to)))
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
static __attribute__((noinline)) bool step_in_spill(struct actor *a, union granule *g, const uint32_t cell)
{
    union granule from, to;
    bool done;
    do {
        while (!history_hold(g, &from))
            ;
        four_cells v[HISTORY_FOURS];
        const unsigned n = history_fours(&from, v);
        to = from;
        done = n && fours_step(a, v, n, cell) && history_put_fours(&a->stamps, &a->stocks->spills, v, n, &to);
    } while (!history_let(&a->stocks->spills, g, &from, &to));
    return done;
}

static inline uint64_t number_hash(struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint64_t context = a->context | (uint64_t)a->lockset << 32;
    const uint64_t size = (uint64_t)(meta & META_SIZE) << (62 - META_SIZE_SHIFT);
    return (context * 0xd6e8feb86659fd93u ^ a->stamps.salt ^ pc ^ size) * 0x9e3779b97f4a7c15u;
}

/* The number for an access from `pc` now, if it is in the cache; else 0. An entry has the number below what it takes of a hash of
 * all that the number stands for. 51 bits of it are compared, so a number is mistaken for another one of this epoch once
 * in 10^15 times that two come to the same place; races are found all the same then, one stack is another one's. */
static inline uint64_t *number_place(struct actor *a, uint64_t hash)
{
    return &a->stocks->numbers[(hash >> (STAMP_FIELD - 9)) % NUMBERS];
}
static inline uint32_t number_cached(struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint64_t hash = number_hash(a, pc, meta), entry = *number_place(a, hash);
    return likely(!((entry ^ hash) >> STAMP_FIELD)) ? (uint32_t)entry & (STAMP_MAX - 1) : 0;
}

static __attribute__((noinline)) uint32_t number_slow(struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint32_t locks = lockset_now(a);
    const uint32_t number =
        stamp_of(&a->stamps, a->who, call_child(a, pc), stamp_meta(meta | locks << META_LOCKS_SHIFT));
    if (unlikely(__atomic_load_n(&collection_wanted, __ATOMIC_RELAXED)))
        pause_set(a, PAUSE_COLLECT);
    if (!number)
        return 0;
    const uint64_t hash = number_hash(a, pc, meta);
    *number_place(a, hash) = (hash & ~(uint64_t)0 << STAMP_FIELD) | number;
    return number;
}

static __attribute__((noinline)) void step_rarely(struct actor *a, union granule *g, uintptr_t addr, uint32_t what,
                                                  uintptr_t pc, uint32_t number)
{
    if (unlikely(!number) || !step_in_spill(a, g, number << CELL_STAMP_SHIFT | cell_from_meta(what))) {
        const uint32_t meta = what | lockset_now(a) << META_LOCKS_SHIFT;
        const struct access now = {a->who, call_child(a, pc), meta, number};
        race_step_in_list(a, g, addr & ~(uintptr_t)(GRANULE - 1), &now);
        shadow_used(addr);
    }
    if (unlikely(__atomic_load_n(&collection_wanted, __ATOMIC_RELAXED)))
        pause_set(a, PAUSE_COLLECT);
}

void race_step(struct actor *a, union granule *g, uintptr_t addr, uint32_t what, uintptr_t pc, union granule seen[2])
{
    uint32_t number = number_cached(a, pc, what);
    if (unlikely(!number))
        number = number_slow(a, pc, what);
    const uint32_t filled = a->filled;
    if (unlikely(!number || !step_in_cells(a, g, number << CELL_STAMP_SHIFT | cell_from_meta(what), seen)))
        step_rarely(a, g, addr, what, pc, number);
    if (a->filled != filled)
        shadow_used(addr);
}

static __attribute__((noinline)) void missed_slow(struct actor *a, union granule *g, uintptr_t addr, uint32_t what,
                                                  uintptr_t pc)
{
    race_step(a, g, addr, what, pc, NULL);
    actor_leave(a);
}

void access_missed(struct actor *a, union granule *g, uintptr_t addr, uint32_t what, uintptr_t pc)
{
    const uint32_t number = number_cached(a, pc, what);
    const union granule from = granule_load(g);
    four_cells v = from_halves(from.half[0], from.half[1]);
    if (likely(number && !granule_empty(&from) && !granule_spilled(&from) &&
               cells_step_own(&a->stamps, &v, number << CELL_STAMP_SHIFT | cell_from_meta(what)))) {
        const union granule to = {.half = {low_half(v), high_half(v)}};
        if (likely(granule_replace(g, &from, &to))) {
            access_leave(a);
            return;
        }
    }
    missed_slow(a, g, addr, what, pc);
}
