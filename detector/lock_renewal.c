/* See lock_renewal.h. */
#include "lock_renewal.h"

static void give(struct vclock *to, struct vclock *from, struct vclock *old)
{
    *old = *to;
    *to = *from;
    from->root = NULL;
}

static void settle_one(struct gates *g, struct renewal *r, struct vclock_stock *stock)
{
    struct vclock order, flow, meanwhile;
    os_lock(&g->lock);
    give(&g->order, &r->order, &order);
    give(&g->flow, &r->flow, &flow);
    give(&g->meanwhile, &r->meanwhile, &meanwhile);
    os_unlock(&g->lock);
    __atomic_store_n(&g->epoch, r->epoch, __ATOMIC_RELAXED);
    vclock_clear(&order, stock);
    vclock_clear(&flow, stock);
    vclock_clear(&meanwhile, stock);
}

/* With its lock. */
static void settle(const struct nestings *t, struct vclock_stock *stock)
{
    struct renewals *r = t->renewals;
    struct gates *g[RENEWALS];
    for (unsigned i = 0; i < r->n; i++) {
        g[i] = *nesting_gates(t, r->at[i].of);
        __builtin_prefetch(g[i], 1);
        __builtin_prefetch(&g[i]->meanwhile, 1);
    }
    for (unsigned i = 0; i < r->n; i++) {
        __builtin_prefetch(g[i]->order.root, 1);
        __builtin_prefetch(g[i]->flow.root, 1);
        __builtin_prefetch(g[i]->meanwhile.root, 1);
    }
    for (unsigned i = 0; i < r->n; i++)
        settle_one(g[i], &r->at[i], stock);
    r->n = 0;
}

/* NULL: no memory. */
static struct renewals *renewals_of(struct nestings *t)
{
    if (likely(t->renewals != NULL))
        return t->renewals;
    struct renewals *r = arena_alloc(sizeof *r);
    if (r)
        zero_bytes(r, sizeof *r);
    __atomic_store_n(&t->renewals, r, __ATOMIC_RELEASE); /* renewals_settle */
    return r;
}

static void keep(struct renewal *r, const struct actor *a, uint64_t epoch, struct vclock_stock *stock)
{
    r->epoch = epoch;
    r->learnt = a->learnt;
    vclock_share(&r->order, &a->order, stock);
    vclock_share(&r->flow, &a->section, stock);
    vclock_share(&r->meanwhile, &a->meanwhile, stock);
}

void renewal_put(struct actor *a, struct nesting *k, uint64_t epoch)
{
    struct nestings *t = a->nestings;
    struct vclock_stock *stock = &a->stocks->nodes;
    struct renewals *r = renewals_of(t);
    k->epoch = epoch;
    if (!r) {
        struct renewal now = {0};
        keep(&now, a, epoch, stock);
        settle_one(*nesting_gates(t, k), &now, stock);
        return;
    }
    os_lock(&r->lock);
    struct renewal *last = r->n ? &r->at[r->n - 1] : NULL;
    if (last && last->of == k && last->learnt == a->learnt) {
        last->epoch = epoch;
    } else {
        if (r->n == RENEWALS)
            settle(t, stock);
        last = &r->at[r->n++];
        last->of = k;
        keep(last, a, epoch, stock);
        __builtin_prefetch(nesting_gates(t, k));
    }
    os_unlock(&r->lock);
}

void renewals_settle(struct nestings *t, struct vclock_stock *stock)
{
    struct renewals *r = t ? __atomic_load_n(&t->renewals, __ATOMIC_ACQUIRE) : NULL;
    if (!r)
        return;
    os_lock(&r->lock);
    settle(t, stock);
    os_unlock(&r->lock);
}

void renewals_settle_all(struct vclock_stock *stock)
{
    for (struct nestings *t = nestings_all(); t; t = t->older)
        renewals_settle(t, stock);
}

void renewals_end(struct nestings *t)
{
    if (t->renewals)
        arena_free(t->renewals, sizeof *t->renewals);
}
