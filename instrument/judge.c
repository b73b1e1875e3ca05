/* See judge.h.
 *
 * An atomic read-modify-write is told by its lock prefix (and xchg). An atomic load or store is a plain move on this processor,
 * whatever its order, and so are accesses that are not atomic. So when two scalar moves of the same bytes race, or one and an
 * atomic instruction, nobody can tell whether that is a race or how the program orders its threads. It is taken for both:
 * reported as possible (a tier of its own), and the place counts as atomic from then on, until its memory is freed: its loads
 * acquire what its stores and atomic instructions have released (access_hook.c). What the earlier side had released when
 * nobody knew of this is gone, so the later one, if it reads, learns all that anybody has done.
 *
 * Thus a correct program has no race that is not merely possible: whatever orders its threads by moves is met as such a pair
 * before it is relied on, because who relies on it has looked at it first.
 *
 * No compiler makes an atomic operation of
 *  - an access of more than 8 bytes, or one that is not aligned, or a string instruction, or a call of the C library; but for aligned
 *    vectors of 16 bytes, which are moved at once where there is AVX: clang and libatomic do so, and change them by cmpxchg16b;
 *  - accesses of the same place by different sizes, but for the guard of a function's static variable, the first byte of which is looked at
 *    alone;
 *  - loads and stores in one instruction without a lock prefix on both sides: clang makes `add $1, x` of a relaxed load and
 *    a relaxed store, in which case one side only may write.
 * A race with such a side is one, unless the process has code that was made at run time: that is not seen, and may order any two
 * accesses of others. */
#include "judge.h"

#include <stdio.h>

#include "../preload/current.h"
#include "../preload/mappings.h"
#include "engine.h"

enum side judge_side(const struct insn *i, uintptr_t addr, size_t size)
{
    if (i->memory == MEMORY_LOCKED)
        return SIDE_ATOMIC;
    if (i->aligned && i->size == 16) /* the detector has it as two accesses */
        return SIDE_WIDE;
    if (size > 8 || addr % size || i->size != size)
        return SIDE_PLAIN;
    if (i->memory == MEMORY_UPDATE)
        return SIDE_UPDATE;
    return i->memory == MEMORY_MOVE || i->memory == MEMORY_USE ? SIDE_MOVE : SIDE_PLAIN;
}

bool judge_decided(const enum side side[2], const uintptr_t addr[2], const size_t size[2])
{
    if (side[0] == SIDE_PLAIN || side[1] == SIDE_PLAIN || (side[0] == SIDE_UPDATE && side[1] == SIDE_UPDATE))
        return true;
    if ((side[0] == SIDE_WIDE || side[1] == SIDE_WIDE) && side[0] != side[1] && side[0] != SIDE_ATOMIC &&
        side[1] != SIDE_ATOMIC)
        return true;
    const bool guard = addr[0] == addr[1] && (size[0] == 1 || size[1] == 1);
    return !guard && (addr[0] != addr[1] || size[0] != size[1]);
}

static enum side side_of(const struct raced *r)
{
    uintptr_t pc;
    struct insn i;
    if (r->kind == ACCESS_ATOMIC_READ || r->kind == ACCESS_ATOMIC_WRITE)
        return SIDE_ATOMIC;
    if (r->kind == ACCESS_FREE || context_pcs(r->stack, &pc, 1) == 0 || !engine_insn_before(pc, &i))
        return SIDE_PLAIN;
    return judge_side(&i, r->addr, r->size);
}

static bool orders_only(const struct raced *r)
{
    uintptr_t pc;
    return context_pcs(r->stack, &pc, 1) && engine_orders_only(pc - 1);
}

static bool decided(const struct raced side[2], const enum side sides[2])
{
    return judge_decided(sides, (uintptr_t[]){side[0].addr, side[1].addr}, (size_t[]){side[0].size, side[1].size});
}

/* The later side may read what the earlier one has written. Nothing else orders it behind that one: who has only looked at the place has
 * released nothing there. */
static bool may_read_from(const struct raced side[2], const enum side sides[2])
{
    const bool written = side[1].kind == ACCESS_WRITE || side[1].kind == ACCESS_ATOMIC_WRITE;
    return written && (side[0].kind != ACCESS_WRITE || sides[0] != SIDE_MOVE);
}

/* Who reads what the earlier side has written is ordered behind what that one's actor has done. What the access itself releases or acquires
 * comes after this, as the place is atomic now (access_hook.c); what the earlier one's actor does there next has to be told as
 * such, and so may not be covered by what it has done. */
static enum finding_tier judge_ordering(struct actor *by, const struct raced side[2], const enum side sides[2])
{
    if (decided(side, sides))
        return TIER_POSSIBLE;
    sync_mark_atomic(by, side[0].addr);
    actor_turns_epoch(by, side[1].who, may_read_from(side, sides));
    return TIER_POSSIBLE;
}

static uint64_t by_made_code; /* atomic */

static bool made_code_may_order(void)
{
    if (!mappings_have_code())
        return false;
    __atomic_fetch_add(&by_made_code, 1, __ATOMIC_RELAXED);
    return true;
}

const char *judge_summary(void)
{
    static char line[160];
    const uint64_t n = __atomic_load_n(&by_made_code, __ATOMIC_RELAXED);
    snprintf(line, sizeof line,
             "gorace: %lu race%s only possible (repeats included): code that the process has made at run time, which "
             "is not seen, may "
             "order their sides",
             n, n == 1 ? " is" : "s are");
    return n ? line : NULL;
}

static enum finding_tier judge_whole(struct actor *by, const struct raced side[2], const enum side sides[2])
{
    if (decided(side, sides))
        return made_code_may_order() ? TIER_POSSIBLE : TIER_HAPPENED;
    if (sync_is_guard(by, side[0].addr))
        return TIER_NONE; /* who has seen that it was not done yet has asked for it, and is ordered by that */
    if (may_read_from(side, sides))
        actor_learns_all(by);
    sync_release_atomic(by, side[0].addr);
    return TIER_POSSIBLE;
}

bool judge_has_order(const struct raced side[2])
{
    return orders_only(&side[0]) || orders_only(&side[1]);
}

enum finding_tier judge_race(struct actor *by, const struct raced side[2])
{
    struct inside in = inside_begin();
    const enum side sides[2] = {side_of(&side[0]), side_of(&side[1])};
    const bool ordering = judge_has_order(side);
    inside_end(in);
    return ordering ? judge_ordering(by, side, sides) : judge_whole(by, side, sides);
}

enum finding_tier judge_order(struct actor *by, const struct raced side[2])
{
    if (!judge_has_order(side))
        return TIER_HAPPENED;
    struct inside in = inside_begin();
    const enum side sides[2] = {side_of(&side[0]), side_of(&side[1])};
    inside_end(in);
    return judge_ordering(by, side, sides);
}
