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
#include "order.h"
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

static void note_access(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (unlikely(a->pause & PAUSE_RECORD))
        record_atomic(a, addr, size, kind == ACCESS_ATOMIC_WRITE, pc);
    if (!(a->pause & PAUSE_IGNORE))
        access_steps(a, addr, size, kind, pc);
    else
        a->stocks->seen.ignored++;
}

static void load_part(struct actor *a, const struct sync *s, int order)
{
    if (acquires(order))
        sync_join_into(a, s);
    else
        vclock_join(&a->acquire_fence, &s->clock, &a->stocks->nodes);
}

/* The sequence that `a` heads, made when there is none; NULL without memory. It comes first then. */
static struct head *own_head(struct actor *a, struct sync *s)
{
    uint32_t n = 0;
    struct head **at = &s->heads, *h;
    for (; *at && (*at)->by != a->number; at = &(*at)->next)
        n++;
    h = *at;
    if (h) {
        *at = h->next;
    } else {
        if (s->heads && !s->heads->next && !s->heads->clock.root)
            vclock_copy(&s->heads->clock, &s->clock, &a->stocks->nodes); /* no longer the only one */
        if (n == HEADS_MAX) { /* the oldest goes */
            for (at = &s->heads; (*at)->next; at = &(*at)->next)
                ;
            h = *at;
            *at = NULL;
            vclock_clear(&h->clock, &a->stocks->nodes);
            s->heads_lost = true;
        } else if (!(h = arena_alloc(sizeof *h))) {
            s->heads_lost = true;
            return NULL;
        }
        *h = (struct head){.by = a->number};
    }
    h->next = s->heads;
    s->heads = h;
    return h;
}

/* Notes `c`, which is about to be joined into the object's clock, as a contribution of `a`. */
static void contribute(struct actor *a, struct sync *s, const struct vclock *c)
{
    struct head *h = own_head(a, s);
    if (h && (h->next || h->clock.root || s->heads_lost))
        vclock_join(&h->clock, c, &a->stocks->nodes);
}

/* A plain relaxed store ends all sequences but those that its own thread heads. */
static void end_sequences(struct actor *a, struct sync *s)
{
    struct head *h = s->heads;
    while (h && h->by != a->number)
        h = h->next;
    if (h && h == s->heads && !h->next && !h->clock.root)
        return;
    if (!h && s->heads_lost)
        return; /* it may have headed one: an edge too many rather than a false alarm */
    struct vclock mine = {NULL};
    if (h)
        vclock_copy(&mine, &h->clock, &a->stocks->nodes);
    sync_drop_heads(a, s);
    vclock_copy(&s->clock, &mine, &a->stocks->nodes);
    if (h)
        own_head(a, s);
    vclock_clear(&mine, &a->stocks->nodes);
    s->released = WHO_NOBODY;
}

static void store_part(struct actor *a, struct sync *s, bool rmw, int order)
{
    if (releases(order) && !rmw) {
        sync_drop_heads(a, s);
        sync_set(a, s);
        own_head(a, s);
        return;
    }
    if (!rmw)
        end_sequences(a, s);
    if (releases(order)) {
        contribute(a, s, actor_publish(a));
        sync_merge(a, s);
    } else if (a->release_fenced) {
        contribute(a, s, &a->release_fence);
        vclock_join(&s->clock, &a->release_fence, &a->stocks->nodes);
        s->released = WHO_NOBODY;
    }
}

void atomic_end(struct atomic_op *op, size_t size, enum atomic_kind kind, int order, uintptr_t pc)
{
    struct actor *a = op->a;
    if (op->s && kind != ATOMIC_STORE)
        load_part(a, op->s, order);
    if (op->s && kind != ATOMIC_STORE && acquires(order))
        order_into(a, op->s);
    /* After the acquiring part, before the releasing one: the access is ordered after what it read from, and whoever
     * reads from it is ordered after the access. */
    note_access(a, op->addr, size, kind == ATOMIC_LOAD ? ACCESS_ATOMIC_READ : ACCESS_ATOMIC_WRITE, pc);
    if (op->s && kind != ATOMIC_LOAD)
        store_part(a, op->s, kind == ATOMIC_RMW, order);
    if (op->s && kind != ATOMIC_LOAD && (releases(order) || a->release_fenced))
        order_out(a, op->s);
    sync_let(op->addr);
    a->reports_held--;
    races_hand_over(a);
    actor_leave(a);
}

bool atomic_plain_load(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc)
{
    if (__atomic_load_n(&a->pause, __ATOMIC_RELAXED) & (PAUSE_SOLO | PAUSE_OFF)) {
        a->stocks->seen.solo++;
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
        vclock_clear(&a->acquire_fence, &a->stocks->nodes);
    }
    if (releases(order)) {
        vclock_copy(&a->release_fence, actor_publish(a), &a->stocks->nodes);
        a->release_fenced = true;
    }
    actor_leave(a);
}
