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

/* What is learnt renews nothing: an occurrence that knew less is as good as a new one, as long as nobody was told of it. */
void order_learn(struct actor *a, const struct vclock *c)
{
    vclock_join(&a->order, c, &a->stocks->nodes);
    vclock_join(&a->flow, c, &a->stocks->nodes);
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

#define LOGGED 16

struct flow_log {
    uint32_t n; /* ever; the last LOGGED of them are kept */
    struct {
        uint64_t id;
        struct vclock flow;
    } at[LOGGED];
};

static void log_flow(struct actor *a, const struct lock *l)
{
    if (!a->log) {
        if (!(a->log = arena_alloc(sizeof *a->log)))
            return;
        zero_bytes(a->log, sizeof *a->log);
    }
    struct flow_log *log = a->log;
    uint32_t i = 0, kept = log->n < LOGGED ? log->n : LOGGED;
    while (i < kept && log->at[i].id != l->id)
        i++;
    if (i == kept)
        i = log->n++ % LOGGED;
    log->at[i].id = l->id;
    vclock_copy(&log->at[i].flow, &l->flow, &a->stocks->nodes);
}

bool flow_by_others(const struct actor *a, uint32_t slot, uint64_t epoch, bool (*but)(uint64_t id, const void *ctx),
                    const void *ctx)
{
    const struct flow_log *log = a->log;
    if (!log || log->n > LOGGED || vclock_get(&a->inherited, slot) >= epoch)
        return true;
    for (uint32_t i = 0; i < log->n; i++)
        if (vclock_get(&log->at[i].flow, slot) >= epoch && !but(log->at[i].id, ctx))
            return true;
    return false;
}

void flow_log_drop(struct actor *a)
{
    if (!a->log)
        return;
    for (uint32_t i = 0; i < LOGGED; i++)
        vclock_clear(&a->log->at[i].flow, &a->stocks->nodes);
    arena_free(a->log, sizeof *a->log);
    a->log = NULL;
}

void flow_taken(struct actor *a, struct lock *l)
{
    if (a->nheld == 0 && a->section.root != a->flow.root)
        vclock_copy(&a->section, &a->flow, &a->stocks->nodes);
    if (likely(!l->flow.root || l->flow.root == a->flow.root) || !flow_begin(l))
        return;
    log_flow(a, l);
    vclock_join(&a->flow, &l->flow, &a->stocks->nodes);
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
