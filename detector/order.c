/* See order.h. An actor's epoch of this order has a number of its own, in the same slot as that of its accesses; the one
 * who takes over the slot goes on from there (actor.c). */
#include "order.h"

#include "lock.h"

static void publish(struct actor *a)
{
    if (!a->order_used)
        return;
    a->order_used = false;
    vclock_set(&a->order, who_slot(a->who), a->order_epoch, &a->stocks->nodes);
    vclock_set(&a->flow, who_slot(a->who), a->order_epoch, &a->stocks->nodes);
    a->order_epoch++;
    a->flow_version++;
}

const struct vclock *order_publish(struct actor *a)
{
    /* What comes next is not what is told now, whether or not the last was told to somebody by way of a lock. */
    if (a->order_used || a->order_told != a->order_epoch)
        a->order_version++;
    publish(a);
    a->order_told = a->order_epoch;
    return &a->order;
}

void order_learn(struct actor *a, const struct vclock *c)
{
    if (vclock_join(&a->order, c, &a->stocks->nodes))
        a->order_version++;
    if (vclock_join(&a->flow, c, &a->stocks->nodes))
        a->flow_version++;
}

/* The holder's alone, unless the program has broken the lock: then whoever comes second does nothing. */
static bool flow_begin(struct lock *l)
{
    return !__atomic_exchange_n(&l->flow_busy, true, __ATOMIC_ACQUIRE);
}

static void flow_end(struct lock *l)
{
    __atomic_store_n(&l->flow_busy, false, __ATOMIC_RELEASE);
}

void flow_taken(struct actor *a, struct lock *l)
{
    if (a->nheld == 0 && a->section.root != a->flow.root)
        vclock_copy(&a->section, &a->flow, &a->stocks->nodes);
    if (likely(!l->flow.root || l->flow.root == a->flow.root) || !flow_begin(l))
        return;
    if (vclock_join(&a->flow, &l->flow, &a->stocks->nodes))
        a->flow_version++;
    flow_end(l);
}

void flow_given(struct actor *a, struct lock *l, bool exclusive)
{
    if (!exclusive)
        return;
    publish(a);
    if (likely(l->flow.root == a->flow.root) || !flow_begin(l))
        return;
    vclock_copy(&l->flow, &a->flow, &a->stocks->nodes);
    flow_end(l);
}

void order_into(struct actor *a, const struct sync *s)
{
    if (s->order.root)
        order_learn(a, &s->order);
}

void order_out(struct actor *a, struct sync *s)
{
    const struct vclock *c = order_publish(a);
    if (c->root)
        vclock_join(&s->order, c, &a->stocks->nodes);
}

void order_release(struct actor *a, uint64_t key)
{
    bool nested = a->inside;
    if (!order_publish(a)->root)
        return;
    if (!nested && !actor_enter(a))
        return;
    struct sync *s = sync_hold(a, key, true);
    if (s)
        order_out(a, s);
    sync_let(key);
    if (!nested)
        actor_leave(a);
}

void order_acquire(struct actor *a, uint64_t key)
{
    bool nested = a->inside;
    if (!nested && !actor_enter(a))
        return;
    struct sync *s = sync_hold(a, key, false);
    if (s)
        order_into(a, s);
    sync_let(key);
    if (!nested)
        actor_leave(a);
}
