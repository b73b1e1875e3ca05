/* See atomic.h.
 *
 * The clock of a location is the join of what the release sequences that its value belongs to have put in:
 *   release store     clock = C(a); a heads a new sequence
 *   release RMW       clock = clock join C(a); goes on with all sequences
 *   relaxed RMW       clock stays
 *   relaxed store     clock = what the head had put in, when a is the head; else nothing is left
 * and, in each case, what a had at its last release fence is joined (C11 7.17.4: fences). A relaxed load remembers the
 * clock for a later acquire fence. */
#include "atomic.h"

#include "access.h"
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

bool atomic_begin(struct atomic_op *op, struct actor *a, uintptr_t addr, enum atomic_kind kind, int order)
{
    if (__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & (PAUSE_SOLO | PAUSE_OFF)) {
        a->solo++;
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

static void record(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (!(a->pause & PAUSE_IGNORE))
        access_steps(a, addr, size, kind, pc);
    else
        a->ignored++;
}

static void load_part(struct actor *a, const struct sync *s, int order)
{
    if (acquires(order))
        sync_join_into(a, s);
    else
        vclock_join(&a->acquire_fence, &s->clock, &a->nodes);
}

/* Whoever else puts something in: from now on the head's own part is kept apart. */
static void keep_head(struct actor *a, struct sync *s)
{
    if (s->head != UINT32_MAX && !s->head_clock.root)
        vclock_copy(&s->head_clock, &s->clock, &a->nodes);
}

static void store_part(struct actor *a, struct sync *s, bool rmw, int order)
{
    const uint32_t me = who_slot(a->who);
    bool all_mine = s->head == me && !s->head_clock.root; /* the whole clock is the head's, and the head is a */
    if (releases(order) && !rmw) {
        sync_set(a, s);
        s->head = me;
        vclock_clear(&s->head_clock, &a->nodes);
        return;
    }
    if (!rmw && !all_mine) {
        if (s->head == me) {
            vclock_copy(&s->clock, &s->head_clock, &a->nodes);
            vclock_clear(&s->head_clock, &a->nodes);
        } else {
            vclock_clear(&s->clock, &a->nodes);
            vclock_clear(&s->head_clock, &a->nodes);
            s->head = UINT32_MAX;
        }
        s->released = WHO_NOBODY;
    }
    if (!releases(order) && !a->release_fenced)
        return;
    if (!all_mine && rmw)
        keep_head(a, s);
    if (releases(order)) {
        sync_merge(a, s);
        if (s->head == me && s->head_clock.root)
            vclock_join(&s->head_clock, &a->clock, &a->nodes);
    } else {
        vclock_join(&s->clock, &a->release_fence, &a->nodes);
        s->released = WHO_NOBODY;
        if (s->head == me && s->head_clock.root)
            vclock_join(&s->head_clock, &a->release_fence, &a->nodes);
    }
    if (!rmw)
        s->head = me;
    else if (s->head == UINT32_MAX && !s->head_clock.root)
        s->head = me; /* the first to put something in */
}

void atomic_end(struct atomic_op *op, size_t size, enum atomic_kind kind, int order, uintptr_t pc)
{
    struct actor *a = op->a;
    if (op->s && kind != ATOMIC_STORE)
        load_part(a, op->s, order);
    /* After the acquiring part, before the releasing one: the access is ordered after what it read from, and whoever
     * reads from it is ordered after the access. */
    record(a, op->addr, size, kind == ATOMIC_LOAD ? ACCESS_ATOMIC_READ : ACCESS_ATOMIC_WRITE, pc);
    if (op->s && kind != ATOMIC_LOAD)
        store_part(a, op->s, kind == ATOMIC_RMW, order);
    sync_let(op->addr);
    a->reports_held--;
    races_hand_over(a);
    actor_leave(a);
}

bool atomic_plain_load(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc)
{
    if (__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & (PAUSE_SOLO | PAUSE_OFF)) {
        a->solo++;
        return true;
    }
    /* An object is counted before the value that it belongs to is stored. */
    if (sync_maybe(addr))
        return false;
    access_slow(a, addr, size, ACCESS_ATOMIC_READ, pc);
    return true;
}

void atomic_fence(struct actor *a, int order)
{
    if (a->pause & PAUSE_SOLO || !actor_enter(a))
        return;
    if (acquires(order)) {
        actor_learn(a, &a->acquire_fence);
        vclock_clear(&a->acquire_fence, &a->nodes);
    }
    if (releases(order)) {
        vclock_copy(&a->release_fence, actor_publish(a), &a->nodes);
        a->release_fenced = true;
    }
    actor_leave(a);
}
