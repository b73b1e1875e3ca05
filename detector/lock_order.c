/* See lock_order.h. `graph` guards everything but the table of what is known. */
#include "lock_order.h"

#include "keys.h"
#include "order.h"

/* Locks held at one moment, shared by the occurrences that it makes. */
struct gates {
    uint32_t refs, n;
    uint64_t hash;
    struct gate {
        struct finding_lock lock;
        uint64_t id;
    } at[];
};

struct occurrence {
    struct occurrence *next;
    struct gates *gates;
    uint32_t from; /* which of them is the edge's */
    uint32_t stack;
    uint64_t actor;
    bool exclusive, readers_first;
    uint32_t slot; /* when: this epoch of that slot, knowing ... */
    uint64_t epoch;
    struct vclock order, flow;
    struct finding_actor by;
};

/* The last time that the lock was taken for writing. */
struct writing {
    uint64_t actor, epoch;
    uint32_t slot;
    struct vclock order;
};

struct edge {
    struct edge *chain, *next_out, *next_in;
    struct lock *from, *to;
    uint64_t from_id, to_id;  /* their numbers, which outlive them here */
    struct occurrence *first; /* latest first */
    unsigned n;
    bool cyclic; /* lies on a cycle */
};

struct order_report {
    struct order_report *next;
    enum finding_tier tier;
    int n;
    struct finding_step *steps;
};

struct link {
    struct edge *e;
    struct occurrence *o;
};

#define KNOWN (1u << 16)
static uint64_t known[KNOWN]; /* atomic */

#define HEADS (1u << 20) /* address space, touched as far as it is used */
#define OCCURRENCES 64   /* kept of an edge */
#define VARIANTS 8       /* of these, of one actor: with different other locks held */
#define STEPS_MAX 200000
#define REPORTS_MAX 16 /* cycles reported of one acquisition */

static struct oslock graph;
static struct edge *heads[HEADS];
static struct vclock_stock nodes; /* of the occurrences' clocks */
static uint64_t serial, cut;
static uint64_t cycles_seen; /* edges found to lie on cycles, ever; atomic to read */
static struct link *path;
static size_t path_max;
static struct keys *reported; /* cycles, as sets of edges */

/* ---- nodes and edges ------------------------------------------------------------------------------------------------ */

static struct edge **edge_head(uint64_t from, uint64_t to)
{
    return &heads[keys_mix(keys_mix(1, from), to) >> 44];
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
        cut++;
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
    return e;
}

static void gates_drop(struct gates *g)
{
    if (--g->refs == 0)
        arena_free(g, sizeof *g + g->n * sizeof *g->at);
}

static void occurrence_free(struct occurrence *o)
{
    vclock_clear(&o->order, &nodes);
    vclock_clear(&o->flow, &nodes);
    gates_drop(o->gates);
    arena_free(o, sizeof *o);
}

static void edge_free(struct edge *e)
{
    struct edge **at = edge_head(e->from_id, e->to_id);
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    while (e->first) {
        struct occurrence *o = e->first;
        e->first = o->next;
        occurrence_free(o);
    }
    arena_free(e, sizeof *e);
}

void lock_order_forget(struct lock *l)
{
    os_lock(&graph);
    if (l->writing) {
        vclock_clear(&l->writing->order, &nodes);
        arena_free(l->writing, sizeof *l->writing);
        l->writing = NULL;
    }
    while (l->out) {
        struct edge *e = l->out, **at = &e->to->in;
        while (*at != e)
            at = &(*at)->next_in;
        *at = e->next_in;
        l->out = e->next_out;
        edge_free(e);
    }
    while (l->in) {
        struct edge *e = l->in, **at = &e->from->out;
        while (*at != e)
            at = &(*at)->next_out;
        *at = e->next_out;
        l->in = e->next_in;
        edge_free(e);
    }
    os_unlock(&graph);
}

/* ---- occurrences ------------------------------------------------------------------------------------------------------ */

static struct gates *gates_of(const struct actor *a)
{
    struct gates *g = arena_alloc(sizeof *g + a->nheld * sizeof *g->at);
    if (!g) {
        cut++;
        return NULL;
    }
    g->refs = 1;
    g->n = a->nheld;
    g->hash = a->held_hash;
    for (unsigned i = 0; i < a->nheld; i++)
        g->at[i] = (struct gate){held_describe(&a->held[i]), a->held[i].id};
    return g;
}

static bool same_way(const struct occurrence *o, const struct actor *a, bool exclusive, bool readers_first)
{
    return o->actor == a->number && o->exclusive == exclusive && o->readers_first == readers_first;
}

/* The place of the one to be renewed, or, when there are enough, to be given up: under the same locks; else of the same
 * actor under the most locks, which matters least; else the oldest. NULL: there is room for another one. */
static struct occurrence **occurrence_place(struct edge *e, const struct actor *a, const struct gates *g,
                                            bool exclusive, bool readers_first)
{
    struct occurrence **most = NULL, **last = NULL;
    unsigned variants = 0;
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
        cut++;
        return most;
    }
    if (e->n < OCCURRENCES)
        return NULL;
    cut++;
    return last;
}

static struct occurrence *occurrence_note(struct actor *a, struct edge *e, struct gates *g, uint32_t from, unsigned how,
                                          uint32_t stack)
{
    const bool exclusive = how & HOW_EXCLUSIVE, readers_first = how & HOW_READERS_FIRST;
    struct occurrence **at = occurrence_place(e, a, g, exclusive, readers_first), *o;
    if (at) {
        o = *at;
        *at = o->next;
        gates_drop(o->gates);
    } else if ((o = arena_alloc(sizeof *o))) {
        o->order.root = o->flow.root = NULL;
        e->n++;
    } else {
        cut++;
        return NULL;
    }
    g->refs++;
    o->next = e->first;
    e->first = o;
    o->gates = g;
    o->from = from;
    o->stack = stack;
    o->actor = a->number;
    o->exclusive = exclusive;
    o->readers_first = readers_first;
    o->slot = who_slot(a->who);
    o->epoch = a->order_epoch;
    a->order_used = true;
    vclock_copy(&o->order, &a->order, &nodes);
    vclock_copy(&o->flow, &a->section, &nodes);
    actor_describe_live(a, &o->by);
    return o;
}

static bool ordered(const struct occurrence *x, const struct occurrence *y)
{
    return vclock_get(&y->order, x->slot) >= x->epoch || vclock_get(&x->order, y->slot) >= y->epoch;
}

static bool flowed(const struct occurrence *x, const struct occurrence *y)
{
    return vclock_get(&y->flow, x->slot) >= x->epoch || vclock_get(&x->flow, y->slot) >= y->epoch;
}

static bool gated(const struct gates *x, const struct gates *y)
{
    for (uint32_t i = 0; i < x->n; i++)
        for (uint32_t j = 0; j < y->n; j++)
            if (x->at[i].id == y->at[j].id && (x->at[i].lock.exclusive || y->at[j].lock.exclusive))
                return true;
    return false;
}

static bool compatible(const struct occurrence *x, const struct occurrence *y)
{
    return x->actor != y->actor && !ordered(x, y) && !gated(x->gates, y->gates);
}

/* A writer may wait while `x` comes. */
static bool written_beside(const struct occurrence *x, const struct lock *l)
{
    const struct writing *w = l->writing;
    return w && w->actor != x->actor && vclock_get(&x->order, w->slot) < w->epoch &&
           vclock_get(&w->order, x->slot) < x->epoch;
}

/* The one who asks as `x` does has to wait for the one who holds as `y` does. */
static bool blocks(const struct occurrence *x, const struct occurrence *y, const struct lock *l)
{
    return x->exclusive || y->gates->at[y->from].lock.exclusive || (!x->readers_first && written_beside(x, l));
}

/* ---- cycles ----------------------------------------------------------------------------------------------------------- */

/* Work lists of nodes, grown from the arena. */
static struct lock **work;
static size_t work_max, work_n;

static bool work_push(struct lock *l)
{
    if (work_n == work_max) {
        size_t max = work_max ? 2 * work_max : 256;
        struct lock **bigger = arena_alloc(max * sizeof *bigger);
        if (!bigger)
            return false;
        copy_bytes(bigger, work, work_n * sizeof *work);
        if (work)
            arena_free(work, work_max * sizeof *work);
        work = bigger;
        work_max = max;
    }
    work[work_n++] = l;
    return true;
}

/* Marks all nodes from which `u` can be reached; true when `v` is one of them. */
static bool leads_back(struct lock *u, const struct lock *v)
{
    uint64_t mark = ++serial;
    work_n = 0;
    u->mark = mark;
    if (!work_push(u))
        return false;
    for (size_t i = 0; i < work_n; i++)
        for (struct edge *e = work[i]->in; e; e = e->next_in)
            if (e->from->mark != mark) {
                e->from->mark = mark;
                if (!work_push(e->from))
                    return false;
            }
    return v->mark == mark;
}

/* After leads_back: what `v` reaches among the marked nodes is on cycles with u -> v. */
static void mark_cyclic(struct lock *v)
{
    uint64_t back = serial, both = ++serial;
    work_n = 0;
    v->mark = both;
    if (!work_push(v))
        return;
    for (size_t i = 0; i < work_n; i++)
        for (struct edge *e = work[i]->out; e; e = e->next_out) {
            if (e->to->mark == back) {
                e->to->mark = both;
                if (!work_push(e->to))
                    return;
            }
            if (e->to->mark == both && !e->cyclic) {
                e->cyclic = true;
                cycles_seen++;
            }
        }
}

static bool path_room(size_t depth)
{
    if (depth < path_max)
        return true;
    size_t max = path_max ? 2 * path_max : 64;
    struct link *bigger = arena_alloc(max * sizeof *bigger);
    if (!bigger)
        return false;
    copy_bytes(bigger, path, path_max * sizeof *path);
    if (path)
        arena_free(path, path_max * sizeof *path);
    path = bigger;
    path_max = max;
    return true;
}

static void step_on(struct link *l)
{
    l->o = l->o->next;
    while (!l->o && l->e) {
        l->e = l->e->next_out;
        l->o = l->e ? l->e->first : NULL;
    }
}

static struct link links_of(const struct lock *from)
{
    struct link l = {from->out, from->out ? from->out->first : NULL};
    while (l.e && !l.o) {
        l.e = l.e->next_out;
        l.o = l.e ? l.e->first : NULL;
    }
    return l;
}

static bool fits(size_t depth, const struct lock *start)
{
    const struct link *l = &path[depth], *last = &path[depth - 1];
    if (l->e->to->mark != serial || (l->e->to != start && l->e->to->on_path))
        return false;
    if (!blocks(last->o, l->o, l->e->from) || (l->e->to == start && !blocks(l->o, path[0].o, start)))
        return false;
    for (size_t i = 0; i < depth; i++)
        if (!compatible(path[i].o, l->o))
            return false;
    return true;
}

/* True when this set of edges was not reported before. */
static bool first_time(size_t n, enum finding_tier tier)
{
    uint64_t hash = tier;
    for (size_t i = 0; i < n; i++)
        hash += keys_mix(keys_mix(1, path[i].e->from->id), path[i].e->to->id);
    hash |= hash == 0;
    if (keys_find(&reported, hash, 0))
        return false;
    keys_add(&reported, hash, 0);
    return true;
}

static bool in_cycle(uint64_t id, const void *ctx)
{
    const size_t n = *(const size_t *)ctx;
    for (size_t i = 0; i < n; i++)
        if (path[i].e->from_id == id)
            return true;
    return false;
}

/* path[0] is of `a`, now. */
static enum finding_tier tier_of(const struct actor *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (flowed(path[i].o, path[j].o) && (j > 0 || path[0].o->actor != a->number ||
                                                 flow_by_others(a, path[i].o->slot, path[i].o->epoch, in_cycle, &n)))
                return TIER_ORDER_ONLY;
    return TIER_PREDICTED;
}

static bool report_later(struct actor *a, size_t n, enum finding_tier tier)
{
    struct order_report *r = arena_alloc(sizeof *r);
    struct finding_step *steps = arena_alloc(n * sizeof *steps);
    if (!r || !steps)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct occurrence *o = path[i].o;
        uint32_t shown = o->gates->n < FINDING_LOCKS ? o->gates->n : FINDING_LOCKS;
        struct finding_lock *held = arena_alloc(shown * sizeof *held);
        if (!held)
            return false;
        held[0] = o->gates->at[o->from].lock;
        for (uint32_t g = 0, k = 1; k < shown; g++)
            if (g != o->from)
                held[k++] = o->gates->at[g].lock;
        steps[i] = (struct finding_step){.role = STEP_ACQUIRES,
                                         .actor = o->by,
                                         .stack = o->stack,
                                         .thing = (enum thing)path[i].e->to->thing,
                                         .addr = path[i].e->to->addr,
                                         .exclusive = o->exclusive,
                                         .nheld = (int)o->gates->n,
                                         .held = held};
    }
    *r = (struct order_report){a->cycles, tier, (int)n, steps};
    a->cycles = r;
    return true;
}

/* All cycles through the edge in which it is `o` that is unordered with the others. */
static void search(struct actor *a, struct edge *e, struct occurrence *o)
{
    struct lock *start = e->from;
    unsigned steps = 0, found = 0;
    if (!leads_back(start, e->to))
        return;
    mark_cyclic(e->to);
    if (!leads_back(start, e->to) || !path_room(1))
        return;
    path[0] = (struct link){e, o};
    path[1] = links_of(e->to);
    e->to->on_path = true;
    for (size_t depth = 1; depth > 0;) {
        struct link *l = &path[depth];
        while (l->e && !fits(depth, start)) {
            if (++steps > STEPS_MAX)
                l->e = NULL;
            else
                step_on(l);
        }
        if (!l->e) {
            path[--depth].e->to->on_path = false;
            if (depth)
                step_on(&path[depth]);
            continue;
        }
        if (l->e->to == start) {
            enum finding_tier tier = tier_of(a, depth + 1);
            if (found < REPORTS_MAX && first_time(depth + 1, tier) && report_later(a, depth + 1, tier))
                found++;
            step_on(l);
            continue;
        }
        if (!path_room(depth + 1)) {
            step_on(l);
            continue;
        }
        path[depth].e->to->on_path = true;
        path[depth + 1] = links_of(path[depth].e->to);
        depth++;
    }
    if (steps > STEPS_MAX || found == REPORTS_MAX)
        cut++;
}

/* ---- verbs ------------------------------------------------------------------------------------------------------------- */

static bool is_known(uint64_t key)
{
    return __atomic_load_n(&known[key >> 48], __ATOMIC_RELAXED) == key;
}

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
                                keys_mix(a->number << 4 | a->held[i].exclusive, a->order_version));
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
                cut++;
        }
    }
    return all;
}

/* Under the lock. True: an edge of it lies on a cycle. */
static bool note(struct actor *a, struct lock *l, unsigned how, uint32_t stack)
{
    struct gates *g = gates_of(a);
    bool cyclic = false;
    for (unsigned i = 0; g && i < a->nheld; i++) {
        struct held *h = &a->held[i];
        if (!h->lock || h->lock == l || !lock_is(h->lock, h->id))
            continue;
        struct edge *e = edge_find(h->lock, l);
        bool fresh = !e;
        if (!e && !(e = edge_make(h->lock, l)))
            break;
        struct occurrence *o = occurrence_note(a, e, g, i, how, stack);
        if (o && (fresh || e->cyclic))
            search(a, e, o);
        cyclic |= e->cyclic;
    }
    if (g)
        gates_drop(g);
    return cyclic;
}

void lock_order_taken(struct actor *a, struct lock *l, unsigned how, uint32_t stack)
{
    if (host.no_order)
        return;
    uint64_t key = keys_mix(a->held_hash, l->id << 8 | (how & (HOW_EXCLUSIVE | HOW_READERS_FIRST)));
    key = keys_mix(keys_mix(key, a->number), a->order_version);
    key = keys_mix(key, __atomic_load_n(&cycles_seen, __ATOMIC_RELAXED));
    if (likely(is_known(key)))
        return;
    if (is_known(keys_mix(key, a->flow_version + 1)))
        return;
    if (crowded(a, l, how, false))
        return;
    os_lock(&graph);
    crowded(a, l, how, true);
    if (note(a, l, how, stack))
        key = keys_mix(key, a->flow_version + 1);
    os_unlock(&graph);
    __atomic_store_n(&known[key >> 48], key, __ATOMIC_RELAXED);
}

void lock_order_written(struct actor *a, struct lock *l)
{
    if (host.no_order || (l->writer == a->number + 1 && l->writer_version == a->order_version))
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
    l->writer_version = a->order_version;
    for (struct edge *e = l->in; e; e = e->next_in)
        for (struct occurrence *o = e->first; o; o = o->next)
            if (e->cyclic && !o->exclusive && !o->readers_first)
                search(a, e, o);
    os_unlock(&graph);
}

void lock_order_report(struct actor *a)
{
    while (a->cycles) {
        struct order_report *r = a->cycles;
        a->cycles = r->next;
        const struct finding f = {.kind = FINDING_LOCK_ORDER, .tier = r->tier, .nsteps = r->n, .steps = r->steps};
        if (host.found)
            host.found(a, &f);
        for (int i = 0; i < r->n; i++) {
            int shown = r->steps[i].nheld < FINDING_LOCKS ? r->steps[i].nheld : FINDING_LOCKS;
            arena_free((void *)(uintptr_t)r->steps[i].held, (size_t)shown * sizeof *r->steps[i].held);
        }
        arena_free(r->steps, (size_t)r->n * sizeof *r->steps);
        arena_free(r, sizeof *r);
    }
}

uint64_t lock_orders_cut(void)
{
    return cut;
}
