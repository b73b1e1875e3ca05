/* See order.h. An actor's epoch of this order has a number of its own, in the same slot as that of its accesses; the one
 * who takes over the slot goes on from there (actor_table.h). */
#include "order.h"

#include "lock_cycle.h"
#include "lock_predict.h"

static uint64_t *heard; /* by slot; atomic */

bool order_start(void)
{
    heard = os_reserve(((size_t)SLOT_MAX + 1) * sizeof *heard);
    return heard != NULL;
}

uint64_t order_heard(const struct actor *a)
{
    return __atomic_load_n(&heard[who_slot(a->who)], __ATOMIC_RELAXED);
}

/* By what every schedule has. */
static struct teller tell_always(struct actor *a)
{
    if (unlikely(a->nheld))
        lock_told_inside(a);
    const struct teller t = order_tell(a, a->nheld != 0);
    if (t.epoch) /* else nothing was ever noted */
        a->order_told = t.epoch;
    return t;
}

static bool raise(struct vclock *c, struct teller by, struct vclock_stock *stock)
{
    if (by.epoch == 0 || vclock_get(c, by.slot) >= by.epoch)
        return false;
    vclock_set(c, by.slot, by.epoch, stock);
    /* Until a cycle is known nobody asks, and then only for epochs after that: who hears of one of these sees the cycle. */
    if (likely(cycles_seen() == 0))
        return true;
    uint64_t was = __atomic_load_n(&heard[by.slot], __ATOMIC_RELAXED);
    while (was < by.epoch && !__atomic_compare_exchange_n(&heard[by.slot], &was, by.epoch, true, __ATOMIC_RELAXED,
                                                          __ATOMIC_RELAXED))
        ;
    return true;
}

static bool join(struct vclock *c, const struct vclock *other, struct teller by, struct vclock_stock *stock)
{
    bool changed = c->root != other->root && other->root && vclock_join(c, other, stock);
    return raise(c, by, stock) || changed;
}

/* As long as no lock has told anything, both are one: it is worked out once. */
static bool join_both(struct vclock *order, struct vclock *flow, const struct vclock *order_of, const struct vclock *flow_of,
                      struct teller by, struct vclock_stock *stock)
{
    const bool one = order->root == flow->root && order_of->root == flow_of->root;
    bool changed = join(order, order_of, by, stock);
    if (one) {
        if (changed)
            vclock_copy(flow, order, stock);
        return changed;
    }
    return join(flow, flow_of, by, stock) || changed;
}

static void learn(struct actor *a, const struct vclock *order, const struct vclock *flow, struct teller by)
{
    if (by.who == a->teller)
        by.epoch = 0;
    struct vclock_stock *stock = &a->stocks->nodes;
    const bool unlocked = a->unlocked.root == a->flow.root;
    if (!join_both(&a->order, &a->flow, order, flow, by, stock))
        return;
    a->learnt++;
    if (unlocked)
        vclock_copy(&a->unlocked, &a->flow, stock);
    else
        join(&a->unlocked, flow, by, stock);
    if (a->nheld)
        join(&a->meanwhile, flow, by, stock);
}

void order_hear(struct actor *a, const struct told *t)
{
    learn(a, &t->order, &t->flow, t->teller);
}

void order_say(struct actor *a, struct sync *s)
{
    struct vclock_stock *stock = &a->stocks->nodes;
    const struct teller me = tell_always(a);
    struct told *t = sync_told(s);
    if (!t)
        return; /* an order that is not known can only make a report of locks */
    struct teller fold = t->teller;
    if (fold.slot == me.slot || me.epoch == 0)
        fold.epoch = 0;
    join_both(&t->order, &t->flow, &a->order, &a->flow, fold, stock);
    if (me.epoch)
        t->teller = me;
}

void order_out_chance(struct actor *a, struct sync *s)
{
    struct told *t = likely(order_silent(a)) ? NULL : sync_told(s);
    if (!t)
        return;
    if (a->nheld)
        lock_told_inside(a);
    join(&t->flow, &a->flow, order_tell(a, a->nheld != 0), &a->stocks->nodes);
}

void order_born(struct actor *child, struct actor *a, struct vclock_stock *stock)
{
    join_both(&child->order, &child->flow, &a->order, &a->flow, tell_always(a), stock);
    vclock_copy(&child->unlocked, &child->flow, stock);
}

void order_learn(struct actor *a, struct actor *other)
{
    learn(a, &other->order, &other->flow, tell_always(other));
}

void order_meet(struct actor *a, struct actor *other)
{
    if (likely(order_silent(a) && order_silent(other)))
        return;
    struct vclock_stock *stock = &a->stocks->nodes;
    const struct teller me = tell_always(a);
    struct vclock order = {NULL}, flow = {NULL};
    vclock_copy(&order, &a->order, stock);
    vclock_copy(&flow, &a->flow, stock);
    order_learn(a, other);
    learn(other, &order, &flow, me);
    vclock_clear(&order, stock);
    vclock_clear(&flow, stock);
    /* With what each has done itself both know the same now: they share it. */
    join_both(&a->order, &a->flow, &a->order, &a->flow, me, stock);
    vclock_copy(&other->order, &a->order, stock);
    vclock_copy(&other->flow, &a->flow, stock);
}

void order_clear(struct actor *a, struct vclock_stock *stock)
{
    vclock_clear(&a->order, stock);
    vclock_clear(&a->flow, stock);
    vclock_clear(&a->section, stock);
    vclock_clear(&a->meanwhile, stock);
    vclock_clear(&a->unlocked, stock);
}

void order_lost(struct actor *a)
{
    a->order.root = a->flow.root = a->section.root = a->meanwhile.root = a->unlocked.root = NULL;
}

bool order_knows(const struct actor *a)
{
    return a->order.root || a->flow.root || a->section.root || a->meanwhile.root || a->unlocked.root;
}

/* ---- locks -------------------------------------------------------------------------------------------------------- */

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
    uint32_t n; /* more than LOGGED: there were more than are kept */
    struct {
        uint64_t id;
        struct vclock flow;
        struct teller by;
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
    if (a->log_over)
        return;
    uint32_t i = 0, kept = log->n < LOGGED ? log->n : LOGGED;
    while (i < kept && log->at[i].id != l->id)
        i++;
    if (i == kept && log->n++ == LOGGED) {
        a->log_over = true;
        return;
    }
    log->at[i].id = l->id;
    log->at[i].by = l->teller;
    vclock_copy(&log->at[i].flow, &l->flow, &a->stocks->nodes);
}

uint64_t flow_but(const struct actor *a, uint32_t slot, bool (*but)(uint64_t id, const void *ctx), const void *ctx)
{
    const struct flow_log *log = a->log;
    uint64_t last = vclock_get(&a->unlocked, slot);
    if (!log || a->log_over)
        return UINT64_MAX;
    for (uint32_t i = 0; i < log->n; i++) {
        if (but(log->at[i].id, ctx))
            continue;
        const uint64_t told = log->at[i].by.slot == slot ? log->at[i].by.epoch : 0;
        const uint64_t known = vclock_get(&log->at[i].flow, slot);
        const uint64_t both = told > known ? told : known;
        last = both > last ? both : last;
    }
    return last;
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

void flow_learn(struct actor *a, struct lock *l)
{
    if (!flow_begin(l))
        return;
    log_flow(a, l);
    if (join(&a->flow, &l->flow, l->teller, &a->stocks->nodes))
        a->learnt++;
    else
        vclock_unite(&a->flow, &l->flow, &a->stocks->nodes);
    flow_end(l);
}

void flow_section(struct actor *a)
{
    if (a->section.root != a->flow.root) {
        vclock_share(&a->section, &a->flow, &a->stocks->nodes);
        a->learnt++;
    }
    vclock_clear(&a->meanwhile, &a->stocks->nodes);
}

void flow_meanwhile(struct actor *a, struct lock *l)
{
    if (!flow_begin(l))
        return;
    if (join(&a->meanwhile, &l->flow, l->teller, &a->stocks->nodes))
        a->learnt++;
    flow_end(l);
}

void flow_leave(struct actor *a, struct lock *l)
{
    if (!flow_begin(l))
        return;
    vclock_share(&l->flow, &a->flow, &a->stocks->nodes);
    flow_end(l);
}

/* ---- verbs ---------------------------------------------------------------------------------------------------------- */

/* `verb` on the object, also for one that is inside already. */
static void on_object(struct actor *a, uint64_t key, bool make, void (*verb)(struct actor *, struct sync *))
{
    const bool nested = a->inside;
    if (!nested && !actor_enter(a))
        return;
    struct sync *s = sync_hold(a, key, make);
    if (s)
        verb(a, s);
    sync_let(s, key, true);
    if (!nested)
        actor_leave(a);
}

static void into(struct actor *a, struct sync *s)
{
    order_into(a, s);
}

void order_release(struct actor *a, uint64_t key)
{
    if (a->order.root || a->flow.root || a->told || a->order_used)
        on_object(a, key, true, order_out);
}

void order_acquire(struct actor *a, uint64_t key)
{
    on_object(a, key, false, into);
}
