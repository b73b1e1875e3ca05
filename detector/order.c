/* See order.h. An actor's epoch of this order has a number of its own, in the same slot as that of its accesses; the one
 * who takes over the slot goes on from there (actor.c). */
#include "order.h"

const struct vclock *order_publish(struct actor *a)
{
    if (a->order_used) {
        a->order_used = false;
        vclock_set(&a->order, who_slot(a->who), a->order_epoch, &a->stocks->nodes);
        a->order_epoch++;
        a->order_version++;
    }
    return &a->order;
}

void order_learn(struct actor *a, const struct vclock *c)
{
    if (vclock_join(&a->order, c, &a->stocks->nodes))
        a->order_version++;
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
