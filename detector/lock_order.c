/* See lock_order.h. `graph` guards the graph, and what lock_cycle.c has; not the tables of what is known. */
#include "lock_cycle.h"

#include "keys.h"
#include "lock_nesting.h"
#include "lock_predict.h"
#include "lock_renewal.h"
#include "order.h"

#define HEAD_BITS 17
#define PARTIES 1024   /* chains */
#define OCCURRENCES 64 /* kept of an edge */
#define VARIANTS 8     /* of these, of one actor: with different other locks held */

#define FEW_EDGES 4096 /* more are tables of locks */

static struct oslock graph;
static uint64_t edges; /* how many there are */
static struct edge *heads[1u << HEAD_BITS];
static struct party *parties[PARTIES]; /* by the actor's number */
static struct vclock_stock nodes;      /* of the occurrences' clocks */
uint64_t lock_order_cut;

/* ---- nodes and edges ------------------------------------------------------------------------------------------------ */

static struct edge **edge_head(uint64_t from, uint64_t to)
{
    return &heads[keys_mix(keys_mix(1, from), to) >> (64 - HEAD_BITS)];
}

static struct edge *edge_find(const struct lock *from, const struct lock *to)
{
    struct edge *e = *edge_head(from->id, to->id);
    while (e && (e->from != from || e->to != to))
        e = e->chain;
    return e;
}

static struct edge *edge_make(struct lock *from, struct lock *to)
{
    struct edge *e = arena_alloc(sizeof *e), **head = edge_head(from->id, to->id);
    if (!e) {
        lock_order_cut++;
        return NULL;
    }
    *e = (struct edge){.chain = *head,
                       .from = from,
                       .to = to,
                       .from_id = from->id,
                       .to_id = to->id,
                       .next_out = from->out,
                       .next_in = to->in};
    *head = from->out = to->in = e;
    edges++;
    return e;
}

static void gates_drop(struct gates *g)
{
    if (--g->refs != 0)
        return;
    vclock_clear(&g->order, &nodes);
    vclock_clear(&g->flow, &nodes);
    vclock_clear(&g->meanwhile, &nodes);
    arena_free(g, sizeof *g + g->n * sizeof *g->at);
}

static struct party **party_place(uint64_t number)
{
    struct party **at = &parties[number % PARTIES];
    while (*at && (*at)->number != number)
        at = &(*at)->chain;
    return at;
}

/* With a reference more; NULL: no memory. */
static struct party *party_of(const struct actor *a)
{
    struct party **at = party_place(a->number), *p = *at;
    if (!p) {
        if (!(p = *at = arena_alloc(sizeof *p)))
            return NULL;
        *p = (struct party){.number = a->number, .slot = who_slot(a->who)};
    }
    actor_describe_live(a, &p->is);
    p->refs++;
    return p;
}

static void party_drop(struct party *p)
{
    if (--p->refs != 0)
        return;
    *party_place(p->number) = p->chain;
    arena_free(p, sizeof *p);
}

static void occurrence_empty(struct occurrence *o)
{
    gates_drop(o->gates);
    party_drop(o->by);
}

static void occurrence_free(struct occurrence *o)
{
    occurrence_empty(o);
    arena_free(o, sizeof *o);
}

/* Takes it out of the three lists that it is in. */
static void edge_free(struct edge *e)
{
    struct edge **chain = edge_head(e->from_id, e->to_id), **out = &e->from->out, **in = &e->to->in;
    while (*chain != e)
        chain = &(*chain)->chain;
    while (*out != e)
        out = &(*out)->next_out;
    while (*in != e)
        in = &(*in)->next_in;
    *chain = e->chain;
    *out = e->next_out;
    *in = e->next_in;
    while (e->first) {
        struct occurrence *o = e->first;
        e->first = o->next;
        occurrence_free(o);
    }
    arena_free(e, sizeof *e);
    edges--;
}

void lock_order_forget(struct lock *l)
{
    os_lock(&graph);
    if (l->writing) {
        vclock_clear(&l->writing->order, &nodes);
        arena_free(l->writing, sizeof *l->writing);
        l->writing = NULL;
    }
    while (l->out)
        edge_free(l->out);
    while (l->in)
        edge_free(l->in);
    os_unlock(&graph);
}

/* ---- occurrences ------------------------------------------------------------------------------------------------------ */

static void gates_learn(struct gates *g, struct actor *a)
{
    struct vclock_stock *stock = &a->stocks->nodes;
    os_lock(&g->lock);
    vclock_share(&g->order, &a->order, stock);
    vclock_share(&g->flow, &a->section, stock);
    vclock_share(&g->meanwhile, &a->meanwhile, stock);
    os_unlock(&g->lock);
}

/* The epoch of what is noted now. Where nothing new is noted for long, or nothing but more of the same, it may be one of which
 * others have heard by locks, if no schedule has it that they did: they count as after it, until it is on a cycle. */
static uint64_t epoch_of(struct actor *a, bool cyclic)
{
    if (!cyclic && !a->order_used && a->told > a->order_told && !order_fine(a))
        return a->order_told + 1;
    a->order_used = true;
    return a->order_epoch;
}

static struct gates *gates_of(struct actor *a, uint64_t epoch)
{
    struct gates *g = arena_alloc(sizeof *g + a->nheld * sizeof *g->at);
    if (!g) {
        lock_order_cut++;
        return NULL;
    }
    *g = (struct gates){.refs = 1, .n = a->nheld, .hash = a->held_hash, .epoch = epoch};
    gates_learn(g, a);
    for (unsigned i = 0; i < a->nheld; i++)
        g->at[i] = (struct gate){held_describe(&a->held[i]), a->held[i].lock, a->held[i].id};
    return g;
}

static uint64_t edge_by(const struct actor *a)
{
    return (uint64_t)1 << a->number % 64;
}

static bool same_way(const struct occurrence *o, const struct actor *a, bool exclusive, bool readers_first)
{
    return o->by->number == a->number && o->exclusive == exclusive && o->readers_first == readers_first;
}

/* The place of the one to be renewed, or, when there are enough, to be given up: under the same locks; else of the same
 * actor under the most locks, which matters least; else the oldest. NULL: there is room for another one. */
static struct occurrence **occurrence_place(struct edge *e, const struct actor *a, const struct gates *g,
                                            bool exclusive, bool readers_first)
{
    struct occurrence **most = NULL, **last = NULL;
    unsigned variants = 0;
    if (!(e->by & edge_by(a)) && e->n < OCCURRENCES)
        return NULL; /* without going through them */
    for (struct occurrence **at = &e->first; *at; at = &(*at)->next) {
        last = at;
        if (!same_way(*at, a, exclusive, readers_first))
            continue;
        if ((*at)->gates->hash == g->hash)
            return at;
        variants++;
        if (!most || (*at)->gates->n >= (*most)->gates->n)
            most = at;
    }
    if (variants >= VARIANTS) {
        lock_order_cut++;
        return most;
    }
    if (e->n < OCCURRENCES)
        return NULL;
    lock_order_cut++;
    return last;
}

static struct occurrence *occurrence_note(struct actor *a, struct edge *e, struct gates *g, uint32_t from, unsigned how,
                                          uint32_t stack)
{
    const bool exclusive = how & HOW_EXCLUSIVE, readers_first = how & HOW_READERS_FIRST;
    struct party *by = party_of(a);
    struct occurrence **at = by ? occurrence_place(e, a, g, exclusive, readers_first) : NULL, *o = NULL;
    if (at) {
        o = *at;
        *at = o->next;
        occurrence_empty(o);
    } else if (by && (o = arena_alloc(sizeof *o))) {
        e->n++;
    } else {
        lock_order_cut++;
        if (by)
            party_drop(by);
        return NULL;
    }
    e->by |= edge_by(a);
    g->refs++;
    *o = (struct occurrence){e->first, g, by, from, stack, exclusive, readers_first};
    e->first = o;
    return o;
}

/* ---- verbs ------------------------------------------------------------------------------------------------------------- */

/* How many sets of locks an actor has held on an edge since it told somebody last. Where it is one more each time (a lock of a
 * table of thousands), only so many are looked at. */
#define CROWDS (1u << 14)
static struct crowd {
    uint64_t key; /* both atomic; a pair that is torn only makes one more, or one less, be looked at */
    uint32_t n;
} crowds[CROWDS];

static bool crowded(struct actor *a, const struct lock *l, unsigned how, bool count)
{
    bool all = a->nheld > 1;
    for (unsigned i = 0; i < a->nheld && (all || count); i++) {
        uint64_t key = keys_mix(keys_mix(a->held[i].id, l->id << 8 | (how & (HOW_EXCLUSIVE | HOW_READERS_FIRST))),
                                keys_mix(a->number << 4 | a->held[i].exclusive, a->order_told));
        struct crowd *c = &crowds[key >> 50];
        if (__atomic_load_n(&c->key, __ATOMIC_RELAXED) != key) {
            all = false;
            if (count) {
                __atomic_store_n(&c->n, 1, __ATOMIC_RELAXED);
                __atomic_store_n(&c->key, key, __ATOMIC_RELAXED);
            }
        } else if (__atomic_load_n(&c->n, __ATOMIC_RELAXED) < VARIANTS) {
            all = false;
            if (count && __atomic_add_fetch(&c->n, 1, __ATOMIC_RELAXED) == VARIANTS)
                lock_order_cut++;
        }
    }
    return all;
}

/* Under the lock. NULL: there is nothing to be kept. */
static struct gates *note(struct actor *a, struct lock *l, unsigned how, uint32_t stack, struct nesting *k)
{
    struct gates *g = gates_of(a, k->epoch);
    lock_taken_reading(a);
    if (!g)
        return NULL;
    for (unsigned i = 0; i < a->nheld; i++) {
        struct held *h = &a->held[i];
        if (!h->lock || h->lock == l || !lock_is(h->lock, h->id))
            continue;
        struct edge *e = edge_find(h->lock, l);
        bool fresh = !e;
        if (!e && !(e = edge_make(h->lock, l)))
            break;
        struct occurrence *o = occurrence_note(a, e, g, i, how, stack);
        if (o && (fresh || e->cyclic))
            cycles_search(a, e, o, &nodes);
        if (e->cyclic)
            k->key |= NESTING_CYCLIC;
    }
    if (k->key & NESTING_CYCLIC) {
        k->epoch = epoch_of(a, true);
        __atomic_store_n(&g->epoch, k->epoch, __ATOMIC_RELAXED);
    }
    return g;
}

/* Under the lock. Of what was noted before other edges were found to lie on cycles it is not known whether its own do. */
static void forget_older(struct actor *a)
{
    struct nestings *t = a->nestings;
    if (t && t->seen != cycles_seen()) {
        nestings_empty(t, gates_drop);
        t->seen = cycles_seen();
    }
}

/* What was told since it was noted. False: it has to go to the graph, because somebody may be after it. */
static bool renewed(struct actor *a, struct nesting *k)
{
    const bool cyclic = k->key & NESTING_CYCLIC;
    if (cyclic && k->epoch <= order_heard(a))
        return false;
    renewal_put(a, k, epoch_of(a, cyclic));
    return true;
}

/* now: settled_now, before the key was looked for. */
static void taken_anew(struct actor *a, struct lock *l, unsigned how, uint32_t stack, uint64_t key, uint64_t now)
{
    if (crowded(a, l, how, false)) {
        nesting_settle(a, now, l->id, how);
        return;
    }
    os_lock(&graph);
    if (edges < FEW_EDGES)
        a->fine = ORDER_FINE;
    struct nesting new = {.key = key, .epoch = epoch_of(a, false)};
    renewals_settle(a->nestings, &nodes);
    crowded(a, l, how, true);
    struct gates *g = note(a, l, how, stack, &new);
    forget_older(a);
    if (g)
        nesting_put(a, &new, g, gates_drop);
    nesting_noted(a, g ? &new : NULL, settled_now(a), l->id,
                  how); /* the lock is held: no edge of it is found to be on a cycle */
    os_unlock(&graph);
}

void lock_order_look(struct actor *a, struct lock *l, unsigned how, uint32_t stack)
{
    if (host.no_order)
        return;
    const uint64_t now = settled_now(a), key = nesting_key(a, l->id, how);
    struct nesting *k = nesting_find(a, key);
    if (!nesting_noted(a, k, now, l->id, how) && !(k && renewed(a, k)))
        taken_anew(a, l, how, stack, key, now);
}

void lock_order_ended(struct actor *a)
{
    if (!a->nestings)
        return;
    os_lock(&graph);
    renewals_settle(a->nestings, &nodes);
    nestings_drop(a, gates_drop);
    os_unlock(&graph);
}

void lock_order_written(struct actor *a, struct lock *l)
{
    if (host.no_order || (l->writer == a->number + 1 && l->writer_epoch > a->order_told))
        return;
    os_lock(&graph);
    if (!l->writing && (l->writing = arena_alloc(sizeof *l->writing)))
        l->writing->order.root = NULL;
    if (l->writing) {
        l->writing->actor = a->number;
        l->writing->slot = who_slot(a->who);
        l->writing->epoch = a->order_epoch;
        vclock_copy(&l->writing->order, &a->order, &nodes);
        a->order_used = true;
    }
    l->writer = a->number + 1;
    l->writer_epoch = a->order_epoch;
    for (struct edge *e = l->in; e; e = e->next_in)
        for (struct occurrence *o = e->first; o; o = o->next)
            if (e->cyclic && !o->exclusive && !o->readers_first)
                cycles_search(a, e, o, &nodes);
    os_unlock(&graph);
}

uint64_t lock_orders_cut(void)
{
    return lock_order_cut;
}
