/* See atomic.h.
 *
 * The clock of a location is the join of what the release sequences that its value belongs to have put in:
 *   release store     clock = C(a); a heads a new sequence
 *   release RMW       clock = clock join C(a); goes on with all sequences
 *   relaxed RMW       clock stays
 *   relaxed store     clock = what a itself has put in since the last store that ended a's sequences; else nothing
 * and, in each case, what a had at its last release fence is joined (C11 7.17.4: fences). A relaxed load remembers the
 * clock for a later acquire fence. */
#include "atomic.h"

#include "access.h"
#include "cells.h"
#include "number.h"
#include "order.h"
#include "owner.h"
#include "record.h"
#include "sequence.h"
#include "standing.h"

static bool acquires(int order)
{
    return atomic_acquires(order);
}

static bool releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* Before what is held is let go; changed: it is about to get the next version. */
static void learn(struct actor *a, const struct turn *held, uintptr_t addr, uint32_t what, bool changed)
{
    if (!a->forgetful)
        *atomic_learnt(a, addr) = (struct learnt){addr, turn_version(held, changed), held, a->number, what};
}

bool atomic_begin(struct atomic_op *op, struct actor *a, uintptr_t addr, enum atomic_kind kind, int order)
{
    if (__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & (PAUSE_SOLO | PAUSE_OFF)) {
        a->stocks->seen.solo++;
        return false;
    }
    if (!actor_enter(a))
        return false;
    op->a = a;
    op->addr = addr;
    a->reports_held++;
    op->s = sync_hold(a, addr, kind != ATOMIC_LOAD && (releases(order) || a->release_fenced));
    if (op->s)
        sync_expect_atomic(addr);
    return true;
}

/* All that a granule remembers is the actor's own operation on the same bytes: what most locations of atomics have. */
static inline __attribute__((always_inline)) bool repeats(const struct actor *a, const union granule *g, uint32_t cell)
{
    const uint64_t only = g->half[0];
    return !(g->half[1] | only >> 32 | (((uint32_t)only ^ cell) & (CELL_CLASS | CELL_BYTES))) &&
           (int32_t)((uint32_t)only - a->stamps.own_low[0]) < a->stamps.own_span[0];
}

/* What the rule makes of a granule with a history, not a long one, all of which is known to the actor. False, here and below: it
 * takes another way, and nothing was changed. */
static __attribute__((noinline)) bool step_known(struct actor *a, union granule *g, uint32_t cell)
{
    four_cells to = g->four;
    if (granule_empty(g) || granule_spilled(g) || !cells_meet(a, &to, cell) || !cells_add(&to, cell))
        return false;
    *(volatile four_cells *)&g->four = to;
    return true;
}

/* In a page of the actor's. */
static inline __attribute__((always_inline)) bool step_mine(struct actor *a, union granule *g, uint32_t cell)
{
    if (!repeats(a, g, cell))
        return step_known(a, g, cell);
    *(volatile four_cells *)&g->four = (four_cells){cell, 0, 0, 0};
    return true;
}

static __attribute__((noinline)) bool step_shared(struct actor *a, union granule *g, uint32_t cell)
{
    if (repeats(a, g, cell)) {
        const union granule from = {.half = {__atomic_load_n(&g->half[0], __ATOMIC_RELAXED), 0}};
        const union granule to = {.half = {cell, 0}};
        if (repeats(a, &from, cell) && granule_replace(g, &from, &to))
            return true;
    }
    return granule_step_shared(a, g, cell & ~(CELL_BYTES | CELL_CLASS), cell & CELL_BYTES, cell & CELL_CLASS);
}

static inline __attribute__((always_inline)) bool step(struct actor *a, union granule *g, uintptr_t addr, uint32_t cell)
{
    if (unlikely(!page_enter_fast(a, g, addr)))
        return page_shared(g, addr) && step_shared(a, g, cell);
    const bool done = step_mine(a, g, cell);
    page_leave(a);
    return done;
}

/* What no cell covers, in one granule. Apart, because nothing of it is inlined with what comes before and after. */
static __attribute__((noinline)) void note_odd(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (unlikely(a->pause & PAUSE_RECORD))
        record_atomic(a, addr, size, kind == ACCESS_ATOMIC_WRITE, pc);
    if (unlikely(a->pause & PAUSE_IGNORE))
        a->stocks->seen.ignored++;
    else
        access_steps(a, addr, size, kind, pc);
}

/* The operation as an access. ends: it is going to end the epoch, as nearly always the one before did, so nothing of this one covers
 * it. Races found are kept until nothing is held. */
static inline __attribute__((always_inline)) void note_access(struct actor *a, uintptr_t addr, size_t size,
                                                              enum access_kind kind, uintptr_t pc, bool ends)
{
    const uintptr_t base = region_base(addr);
    const unsigned at = addr & (GRANULE - 1);
    if (unlikely(a->pause & (PAUSE_RECORD | PAUSE_IGNORE) || !base || at + size > GRANULE)) {
        note_odd(a, addr, size, kind, pc);
        return;
    }
    union granule *g = granule_in(base, addr);
    a->accesses++;
    const unsigned log2size = (unsigned)__builtin_ctzl(size);
    if (!ends && any_cell_covers(a, granule_fours(g), access_need[kind][log2size][at]))
        return;
    const uint32_t what = WHAT(((1u << size) - 1) << at, kind, log2size);
    if (kind == ACCESS_ATOMIC_READ && page_shared(g, addr) && standing_read(a, g, what, pc))
        return;
    const uint32_t number = number_cached(a, pc, what);
    if (unlikely(!number || !step(a, g, addr, cell_of(number, what))))
        race_step(a, g, addr - at, what, pc, NULL);
}

static __attribute__((noinline)) void fence_learn(struct actor *a, const struct sync *s)
{
    vclock_join(&a->acquire_fence, &s->clock, &a->stocks->nodes);
    if (!actor_told(a, s->released))
        sync_settle(&a->acquire_fence, s->released, &a->stocks->nodes);
}

static inline __attribute__((always_inline)) void load_part(struct actor *a, const struct sync *s, int order)
{
    if (acquires(order)) {
        sync_join_into(a, s);
        order_into(a, s);
    } else {
        fence_learn(a, s);
    }
}

static __attribute__((noinline)) void store_seldom(struct actor *a, struct sync *s, bool rmw, int order)
{
    if (releases(order)) {
        sequence_add(a, s, actor_publish(a));
        sync_merge(a, s);
        return;
    }
    if (!rmw)
        sequence_end_others(a, s);
    if (a->release_fenced) {
        sequence_add(a, s, &a->release_fence);
        sync_settle(&s->clock, s->released, &a->stocks->nodes);
        vclock_join(&s->clock, &a->release_fence, &a->stocks->nodes);
        s->released = WHO_NOBODY;
    }
}

/* What the object learns of a store, or of a read-modify-write that knows what is in it (`knows`) or not. */
static inline __attribute__((always_inline)) void store_part(struct actor *a, struct sync *s, bool rmw, int order, bool knows)
{
    if (likely(releases(order) && (!rmw || knows))) {
        if (rmw)
            sequence_lead(a, s);
        else
            sequence_lead_alone(a, s);
        sync_set(a, s);
    } else {
        store_seldom(a, s, rmw, order);
    }
}

static inline __attribute__((always_inline)) void leave(struct actor *a)
{
    a->reports_held--;
    if (unlikely(a->stocks->pending != NULL))
        races_hand_over(a);
    actor_leave(a);
}

static bool gives(const struct actor *a, int order)
{
    return releases(order) || a->release_fenced;
}

void atomic_stored(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc, struct sync *s)
{
    note_access(a, addr, size, ACCESS_ATOMIC_WRITE, pc, releases(order));
    store_part(a, s, false, order, false);
    if (gives(a, order))
        order_out(a, s);
    turn_give(&s->turn, true);
    leave(a);
}

/* The access is ordered after what it read from, and whoever reads from it is ordered after the access. */
void atomic_changed(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc, struct sync *s)
{
    const bool changed = gives(a, order), acquired = acquires(order);
    load_part(a, s, order);
    note_access(a, addr, size, ACCESS_ATOMIC_WRITE, pc, releases(order));
    store_part(a, s, true, order, acquired);
    if (changed)
        order_out(a, s);
    learn(a, &s->turn, addr, acquired ? LEARNT_RELAXED | LEARNT_ACQUIRED : LEARNT_RELAXED, changed);
    turn_give(&s->turn, changed);
    leave(a);
}

void atomic_loaded(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc, struct sync *s)
{
    load_part(a, s, order);
    note_access(a, addr, size, ACCESS_ATOMIC_READ, pc, false);
    learn(a, &s->turn, addr, acquires(order) ? LEARNT_RELAXED | LEARNT_ACQUIRED : LEARNT_RELAXED, false);
    turn_give(&s->turn, false);
    leave(a);
}

/* The chain is held: there is no object, for there was no memory, or there is nothing for it. */
static void done_without(const struct atomic_op *op, size_t size, enum atomic_kind kind, int order, uintptr_t pc)
{
    struct actor *a = op->a;
    struct turn *chain = &sync_chain(op->addr)->turn;
    note_access(a, op->addr, size, kind == ATOMIC_LOAD ? ACCESS_ATOMIC_READ : ACCESS_ATOMIC_WRITE, pc, false);
    if (kind == ATOMIC_LOAD || !gives(a, order))
        learn(a, chain, op->addr, LEARNT_RELAXED | LEARNT_ACQUIRED | LEARNT_NOTHING, false);
    turn_give(chain, false);
    leave(a);
}

void atomic_end(struct atomic_op *op, size_t size, enum atomic_kind kind, int order, uintptr_t pc)
{
    if (unlikely(!op->s))
        done_without(op, size, kind, order, pc);
    else if (kind == ATOMIC_STORE)
        atomic_stored(op->a, op->addr, size, order, pc, op->s);
    else if (kind == ATOMIC_RMW)
        atomic_changed(op->a, op->addr, size, order, pc, op->s);
    else
        atomic_loaded(op->a, op->addr, size, order, pc, op->s);
}

/* Outside, with nothing held. */
static void access_alone(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (unlikely((addr & (GRANULE - 1)) + size > GRANULE || a->pause)) {
        access_slow(a, addr, size, kind, pc);
    } else if (access_covered(a, addr, (unsigned)__builtin_ctzl(size), kind)) {
        a->accesses++;
    } else if (actor_enter(a)) {
        note_access(a, addr, size, kind, pc, true);
        actor_leave(a);
    }
}

bool atomic_load_seldom(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc)
{
    if (__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & (PAUSE_SOLO | PAUSE_OFF)) {
        a->stocks->seen.solo++;
        return true;
    }
    /* An object is counted before the value that it belongs to is stored. */
    if (sync_maybe(addr) && !atomic_known(a, addr, atomic_acquires(order) ? LEARNT_ACQUIRED : LEARNT_RELAXED))
        return false;
    access_alone(a, addr, size, ACCESS_ATOMIC_READ, pc);
    return true;
}

void atomic_unheld(struct actor *a)
{
    actor_leave(a);
}

void atomic_light_end(struct actor *a, uintptr_t addr, size_t size, enum atomic_kind kind, uintptr_t pc)
{
    /* Somebody was there meanwhile, and may have made a clock before the value was read or after it. An edge too many, once in
     * the life of an object, rather than a false alarm. */
    if (unlikely(!atomic_known(a, addr, LEARNT_NOTHING)) && actor_enter(a)) {
        struct sync *s = sync_hold(a, addr, false);
        if (s)
            fence_learn(a, s);
        sync_let(s, addr, false);
        actor_leave(a);
    }
    access_alone(a, addr, size, kind == ATOMIC_LOAD ? ACCESS_ATOMIC_READ : ACCESS_ATOMIC_WRITE, pc);
}

void atomic_fence(struct actor *a, int order)
{
    if (a->pause & PAUSE_SOLO || !actor_enter(a))
        return;
    if (acquires(order)) {
        actor_learn(a, &a->acquire_fence);
        vclock_clear(&a->acquire_fence, &a->stocks->nodes);
    }
    if (releases(order)) {
        vclock_copy(&a->release_fence, actor_publish(a), &a->stocks->nodes);
        a->release_fenced = true;
    }
    actor_leave(a);
}

/* ---- of machine code ------------------------------------------------------------------------------------------------- */

static const struct turn nobodys;

struct atomic_seen atomic_unseen(void)
{
    return (struct atomic_seen){&nobodys, 0};
}

/* What has to follow is leave(), with the object let go, if there is one. False: nothing is to be done. */
static bool hold_marked(struct actor *a, uintptr_t addr, struct sync **s)
{
    *s = atomic_hold(a, addr);
    if (likely(*s != NULL))
        return true;
    if (!actor_enter(a))
        return false;
    a->reports_held++;
    *s = sync_hold(a, addr, true);
    if (!*s)
        sync_let(NULL, addr, false);
    return true;
}

struct atomic_seen atomic_locked(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc)
{
    struct atomic_seen seen = atomic_unseen();
    struct sync *s;
    if (!hold_marked(a, addr, &s))
        return seen;
    if (likely(s != NULL))
        load_part(a, s, __ATOMIC_ACQ_REL);
    note_access(a, addr, size, ACCESS_ATOMIC_WRITE, pc, true);
    if (likely(s != NULL)) {
        sync_make_atomic(s);
        sync_set(a, s);
        order_out(a, s);
        learn(a, &s->turn, addr, LEARNT_RELAXED | LEARNT_ACQUIRED | LEARNT_MARKED, true);
        seen = (struct atomic_seen){&s->turn, turn_version(&s->turn, true)};
        turn_give(&s->turn, true);
    }
    leave(a);
    return seen;
}

bool atomic_moved(struct actor *a, uintptr_t addr, size_t size, bool writes, uintptr_t pc)
{
    struct sync *s;
    if (!writes && atomic_known(a, addr, LEARNT_MARKED)) {
        access_alone(a, addr, size, ACCESS_ATOMIC_READ, pc);
        return true;
    }
    if (!sync_is_atomic(a, addr))
        return false;
    if (!hold_marked(a, addr, &s))
        return true;
    if (likely(s != NULL) && !writes)
        load_part(a, s, __ATOMIC_ACQUIRE);
    note_access(a, addr, size, writes ? ACCESS_ATOMIC_WRITE : ACCESS_ATOMIC_READ, pc, writes);
    if (likely(s != NULL)) {
        sync_make_atomic(s);
        if (writes) {
            sync_merge(a, s);
            order_out(a, s);
        } else {
            learn(a, &s->turn, addr, LEARNT_RELAXED | LEARNT_ACQUIRED | LEARNT_MARKED, false);
        }
        turn_give(&s->turn, writes);
    }
    leave(a);
    return true;
}
