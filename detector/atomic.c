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
#include "sync.h"

static bool acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order == __ATOMIC_ACQ_REL ||
           order == __ATOMIC_SEQ_CST;
}

static bool releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* What there is in struct learnt: all that a relaxed load takes of the clock; all that an acquiring one takes; that there is no
 * object. */
enum { LEARNT_RELAXED = 1, LEARNT_ACQUIRED = 2, LEARNT_NOTHING = 4 };

static struct learnt *learnt_of(const struct actor *a, uintptr_t addr)
{
    return &a->stocks->learnt[(addr ^ addr >> 9) / sizeof(uint32_t) % LEARNT];
}

static bool knows_still(const struct actor *a, uintptr_t addr, uint32_t what)
{
    const struct learnt *l = learnt_of(a, addr);
    return l->key == addr && l->by == a->number && l->what & what && turn_is_still(l->turn, l->version);
}

/* Before what is held is let go; changed: it is about to get the next version. */
static void learn(struct actor *a, const struct turn *held, uintptr_t addr, uint32_t what, bool changed)
{
    if (!a->forgetful)
        *learnt_of(a, addr) = (struct learnt){addr, turn_version(held, changed), held, a->number, what};
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
    return true;
}

/* In a granule that has a history, not a long one, all of which is known to the actor; in a page of its own, or a shared one. False: it
 * takes another way, and nothing was changed. */
static inline bool step(struct actor *a, union granule *g, uintptr_t addr, uint32_t number, uint32_t what)
{
    const uint32_t cell = cell_of(number, what);
    if (unlikely(!page_enter_fast(a, g, addr)))
        return page_shared(g, addr) &&
               granule_step_shared(a, g, number << CELL_STAMP_SHIFT, cell & CELL_BYTES, cell & CELL_CLASS);
    four_cells to = g->four;
    const bool done =
        !granule_empty(g) && !granule_spilled(g) && cells_meet(a, &to, cell) && cells_add(&to, cell);
    if (likely(done))
        *(volatile four_cells *)&g->four = to;
    page_leave(a);
    return done;
}

static void note_access(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (unlikely(a->pause & PAUSE_RECORD))
        record_atomic(a, addr, size, kind == ACCESS_ATOMIC_WRITE, pc);
    if (unlikely(a->pause & PAUSE_IGNORE)) {
        a->stocks->seen.ignored++;
        return;
    }
    const uintptr_t base = region_base(addr);
    const unsigned at = addr & (GRANULE - 1);
    if (unlikely(!base || at + size > GRANULE)) {
        access_steps(a, addr, size, kind, pc);
        return;
    }
    union granule *g = granule_in(base, addr);
    a->accesses++;
    const unsigned log2size = (unsigned)__builtin_ctzl(size);
    if (any_cell_covers(a, granule_fours(g), access_need[kind][log2size][at]))
        return;
    const uint32_t what = WHAT(((1u << size) - 1) << at, kind, log2size), number = number_cached(a, pc, what);
    if (unlikely(!number || !step(a, g, addr, number, what)))
        race_step(a, g, addr - at, what, pc, NULL);
}

/* ---- release sequences --------------------------------------------------------------------------------------------- */

static void fence_learn(struct actor *a, const struct sync *s)
{
    vclock_join(&a->acquire_fence, &s->clock, &a->stocks->nodes);
    if (!actor_told(a, s->released))
        sync_settle(&a->acquire_fence, s->released, &a->stocks->nodes);
}

/* The object's sequences as a list, which is not empty; NULL: no memory. */
static struct head *listed(struct sync *s)
{
    struct head *h = sync_heads(s);
    if (h || !(h = arena_alloc(sizeof *h)))
        return h;
    *h = (struct head){.by = s->heads >> 1, .all = true, .released = WHO_NOBODY};
    s->heads = (uintptr_t)h;
    return h;
}

/* That of `a`, out of the list, which is not empty, or a new one; NULL: no memory. */
static struct head *take_head(struct actor *a, struct sync *s)
{
    uint32_t n = 0;
    struct head *list = sync_heads(s), **at = &list, *h;
    for (; *at && (*at)->by != a->number; at = &(*at)->next)
        n++;
    h = *at;
    if (h) {
        *at = h->next;
    } else if (n == HEADS_MAX) { /* the oldest goes */
        for (at = &list; (*at)->next; at = &(*at)->next)
            ;
        h = *at;
        *at = NULL;
        vclock_clear(&h->clock, &a->stocks->nodes);
        h->released = WHO_NOBODY;
        s->heads_lost = true;
    } else if ((h = arena_alloc(sizeof *h))) {
        h->clock.root = NULL;
        h->released = WHO_NOBODY;
    }
    if (!h)
        return NULL;
    h->by = a->number;
    h->next = list;
    h->all = false;
    s->heads = (uintptr_t)list;
    return h;
}

/* `a`, which knows all that is in the object, heads a sequence, and is about to put all it knows in: it comes first. The clocks of the
 * two that change places are not copied. */
static void lead(struct actor *a, struct sync *s)
{
    if (likely(s->heads == sync_only(a)))
        return;
    if (!s->heads && !s->heads_lost) {
        s->heads = sync_only(a);
        return;
    }
    struct head *first = listed(s);
    if (first && first->by == a->number && first->all)
        return;
    const bool was_all = first && first->all;
    struct head *h = first ? take_head(a, s) : NULL;
    if (!h) {
        s->heads_lost = true;
        return;
    }
    if (was_all) { /* another one's, which is behind this one now */
        first->clock = s->clock;
        first->released = s->released;
        first->all = false;
        s->clock = h->clock;
        s->released = WHO_NOBODY;
    } else {
        vclock_clear(&h->clock, &a->stocks->nodes);
    }
    h->clock.root = NULL;
    h->released = WHO_NOBODY;
    h->all = true;
    s->heads = (uintptr_t)h;
}

/* Notes `c`, which is about to be joined into the object's clock, as a contribution of `a`. */
static void contribute(struct actor *a, struct sync *s, const struct vclock *c)
{
    if (!s->heads && !s->heads_lost)
        s->heads = sync_only(a);
    if (s->heads == sync_only(a))
        return;
    struct vclock_stock *nodes = &a->stocks->nodes;
    struct head *first = s->heads ? listed(s) : NULL;
    if (first && first->all) {
        if (first->by == a->number)
            return;
        vclock_share(&first->clock, &s->clock, nodes);
        first->released = s->released;
        first->all = false;
    }
    struct head *h = first || !s->heads ? take_head(a, s) : NULL;
    if (!h) {
        s->heads_lost = true;
        return;
    }
    s->heads = (uintptr_t)h;
    sync_settle(&h->clock, h->released, nodes);
    h->released = WHO_NOBODY;
    vclock_join(&h->clock, c, nodes);
}

/* A plain relaxed store ends all sequences but those that its own thread heads. */
static void end_sequences(struct actor *a, struct sync *s)
{
    if (s->heads == sync_only(a))
        return;
    struct head *first = sync_heads(s), *h = first;
    while (h && h->by != a->number)
        h = h->next;
    if (!h && s->heads_lost)
        return; /* it may have headed one: an edge too many rather than a false alarm */
    if (!h || !h->all) {
        struct vclock mine = {NULL};
        if (h)
            vclock_copy(&mine, &h->clock, &a->stocks->nodes);
        s->released = h ? h->released : WHO_NOBODY;
        vclock_clear(&s->clock, &a->stocks->nodes);
        s->clock = mine;
    }
    sync_drop_heads(a, s);
    if (h)
        s->heads = sync_only(a);
}

static void load_part(struct actor *a, const struct sync *s, int order)
{
    if (acquires(order)) {
        sync_join_into(a, s);
        order_into(a, s);
    } else {
        fence_learn(a, s);
    }
}

/* knows: `a` has just acquired all that is in the object. */
static void store_part(struct actor *a, struct sync *s, bool rmw, int order, bool knows)
{
    if (releases(order) && !rmw) {
        if (unlikely(s->heads != sync_only(a) || s->heads_lost)) {
            sync_drop_heads(a, s);
            s->heads = sync_only(a);
        }
        sync_set(a, s);
    } else if (releases(order) && knows) {
        lead(a, s);
        sync_set(a, s);
    } else if (releases(order)) {
        contribute(a, s, actor_publish(a));
        sync_merge(a, s);
    } else {
        if (!rmw)
            end_sequences(a, s);
        if (a->release_fenced) {
            contribute(a, s, &a->release_fence);
            sync_settle(&s->clock, s->released, &a->stocks->nodes);
            vclock_join(&s->clock, &a->release_fence, &a->stocks->nodes);
            s->released = WHO_NOBODY;
        }
    }
}

void atomic_end(struct atomic_op *op, size_t size, enum atomic_kind kind, int order, uintptr_t pc)
{
    struct actor *a = op->a;
    struct sync *s = op->s;
    const bool gives = kind != ATOMIC_LOAD && (releases(order) || a->release_fenced);
    if (s && kind != ATOMIC_STORE)
        load_part(a, s, order);
    /* After the acquiring part, before the releasing one: the access is ordered after what it read from, and whoever
     * reads from it is ordered after the access. */
    note_access(a, op->addr, size, kind == ATOMIC_LOAD ? ACCESS_ATOMIC_READ : ACCESS_ATOMIC_WRITE, pc);
    if (s && kind != ATOMIC_LOAD)
        store_part(a, s, kind == ATOMIC_RMW, order, kind == ATOMIC_RMW && acquires(order));
    if (s && gives)
        order_out(a, s);
    const bool changed = kind == ATOMIC_STORE ? s != NULL : gives;
    struct turn *held = sync_turn(s, op->addr);
    if (!s && !changed)
        learn(a, held, op->addr, LEARNT_RELAXED | LEARNT_ACQUIRED | LEARNT_NOTHING, changed);
    else if (kind != ATOMIC_STORE)
        learn(a, held, op->addr, acquires(order) ? LEARNT_RELAXED | LEARNT_ACQUIRED : LEARNT_RELAXED, changed);
    turn_give(held, changed);
    a->reports_held--;
    if (unlikely(a->stocks->pending != NULL))
        races_hand_over(a);
    actor_leave(a);
}

/* Outside, with nothing held. */
static void access_alone(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (likely(size <= GRANULE && !a->pause) && access_covered(a, addr, (unsigned)__builtin_ctzl(size), kind))
        a->accesses++;
    else
        access_slow(a, addr, size, kind, pc);
}

bool atomic_light_load(struct actor *a, uintptr_t addr, size_t size, int order, uintptr_t pc)
{
    if (__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & (PAUSE_SOLO | PAUSE_OFF)) {
        a->stocks->seen.solo++;
        return true;
    }
    /* An object is counted before the value that it belongs to is stored. */
    if (sync_maybe(addr) && !knows_still(a, addr, acquires(order) ? LEARNT_ACQUIRED : LEARNT_RELAXED))
        return false;
    access_alone(a, addr, size, ACCESS_ATOMIC_READ, pc);
    return true;
}

bool atomic_light_begin(struct actor *a, uintptr_t addr, int order)
{
    return order == __ATOMIC_RELAXED && !a->pause && !a->release_fenced && knows_still(a, addr, LEARNT_NOTHING);
}

void atomic_light_end(struct actor *a, uintptr_t addr, size_t size, enum atomic_kind kind, uintptr_t pc)
{
    /* Somebody was there meanwhile, and may have made a clock before the value was read or after it. An edge too many, once in
     * the life of an object, rather than a false alarm. */
    if (unlikely(!knows_still(a, addr, LEARNT_NOTHING)) && actor_enter(a)) {
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
