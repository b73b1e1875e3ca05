/* See lock_predict.h. `lock` guards who has read. */
#include "lock_predict.h"

#include "order.h"

/* Slots of those who may have been heard of from inside of a read lock. */
#define READERS 64
static uint32_t readers[READERS];
static uint32_t nreaders; /* may be more than were kept */
static struct oslock lock;

static void add_reader(uint32_t slot)
{
    os_lock(&lock);
    uint32_t i = 0;
    while (i < nreaders && i < READERS && readers[i] != slot)
        i++;
    if (i == nreaders) {
        if (i < READERS)
            readers[i] = slot;
        nreaders++;
    }
    os_unlock(&lock);
}

void lock_taken_reading(struct actor *a)
{
    bool reads = false;
    for (unsigned i = 0; i < a->nheld; i++)
        reads |= !a->held[i].exclusive;
    if (reads)
        add_reader(who_slot(a->who));
}

void lock_told_inside(struct actor *a)
{
    for (unsigned i = 0; i < a->nheld; i++) {
        struct lock *l = a->held[i].lock;
        if (l && lock_is(l, a->held[i].id) && !lock_is_inside(l, a))
            l->inside = l->inside ? INSIDE_MANY : 1 + who_slot(a->who);
    }
    lock_taken_reading(a);
}

/* The cycle, and the part of the run that is to be played before it. */
struct part {
    const struct link *path;
    size_t n;
    const struct actor *by; /* not NULL: but for what this one, of path[0], learnt by the lock that it holds */
};

static bool is_own(uint64_t id, const void *ctx)
{
    const struct part *p = ctx;
    return id == p->path[0].e->from_id;
}

/* The last epoch of the slot in it. */
static uint64_t last_of(const struct part *p, uint32_t slot)
{
    uint64_t last = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct gates *g = p->path[i].o->gates;
        os_lock(&g->lock);
        const uint64_t known[] = {vclock_get(&g->order, slot), vclock_get(&g->meanwhile, slot),
                                  i == 0 && p->by ? flow_but(p->by, slot, is_own, p) : vclock_get(&g->flow, slot)};
        os_unlock(&g->lock);
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            last = known[k] > last ? known[k] : last;
    }
    return last;
}

/* Somebody outside of the cycle, the last of whom that is in it was told while locks were held. */
static bool left_inside(const struct part *p, uint32_t slot)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->path[i].o->by->slot == slot)
            return false;
    const uint64_t last = last_of(p, slot);
    return last && epoch_is_inside(last);
}

/* And this lock may be among them. */
static bool left_locked(const struct part *p, const struct lock *l)
{
    if (l->inside == INSIDE_MANY || (l->inside && left_inside(p, l->inside - 1)))
        return true;
    for (const struct edge *e = l->out; e; e = e->next_out)
        for (const struct occurrence *o = e->first; o; o = o->next)
            if (left_inside(p, o->by->slot))
                return true;
    return false;
}

static bool can_be_played(const struct part *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct gates *g = p->path[i].o->gates;
        if (last_of(p, p->path[i].o->by->slot) >= occurrence_epoch(p->path[i].o))
            return false;
        for (uint32_t k = 0; k < g->n; k++)
            if (!g->at[k].lock.exclusive || !g->at[k].object || !lock_is(g->at[k].object, g->at[k].id) ||
                left_locked(p, g->at[k].object))
                return false;
    }
    for (uint32_t r = 0; r < nreaders; r++)
        if (left_inside(p, readers[r]))
            return false;
    return true;
}

bool lock_predicted(const struct actor *by, const struct link *path, size_t n)
{
    if (lock_order_cut || nreaders > READERS)
        return false;
    const struct part all = {path, n, NULL}, less = {path, n, by};
    return can_be_played(&all) || (by && can_be_played(&less));
}
