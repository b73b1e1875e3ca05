/* Cycles of the order of locks: which occurrences another schedule could bring together. See lock_order.h. */
#include "lock_cycle.h"

#include "keys.h"
#include "lock_predict.h"
#include "lock_renewal.h"
#include "order.h"

enum evidence {
    DOUBTFUL, /* other locks of this run may keep it from happening */
    POSSIBLE,
    PREDICTED
};

struct order_report {
    struct order_report *next;
    enum evidence evidence;
    int n;
    struct finding_step *steps;
};

#define STEPS_MAX 200000
#define REPORTS_MAX 16 /* cycles reported of one acquisition */

static uint64_t serial;
uint64_t cycles_marked;
static struct link *path;
static size_t path_max;
static struct keys *reported; /* cycles, as sets of edges */

/* x knew of y by the clock, which is one of its gates'. */
static bool knew(const struct occurrence *x, const struct vclock *clock, const struct occurrence *y)
{
    os_lock(&x->gates->lock);
    const bool yes = vclock_get(clock, y->by->slot) >= occurrence_epoch(y);
    os_unlock(&x->gates->lock);
    return yes;
}

static bool ordered(const struct occurrence *x, const struct occurrence *y)
{
    return knew(y, &y->gates->order, x) || knew(x, &x->gates->order, y);
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
    return x->by != y->by && !ordered(x, y) && !gated(x->gates, y->gates);
}

/* A writer may wait while `x` comes. */
static bool written_beside(const struct occurrence *x, const struct lock *l)
{
    const struct writing *w = l->writing;
    if (!w || w->actor == x->by->number || vclock_get(&w->order, x->by->slot) >= occurrence_epoch(x))
        return false;
    os_lock(&x->gates->lock);
    const bool later = vclock_get(&x->gates->order, w->slot) < w->epoch;
    os_unlock(&x->gates->lock);
    return later;
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
        struct lock **bigger = arena_grow(work, work_max * sizeof *work, max * sizeof *bigger);
        if (!bigger)
            return false;
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
                __atomic_store_n(&cycles_marked, cycles_marked + 1, __ATOMIC_RELAXED);
            }
        }
}

static bool path_room(size_t depth)
{
    if (depth < path_max)
        return true;
    size_t max = path_max ? 2 * path_max : 64;
    struct link *bigger = arena_grow(path, path_max * sizeof *path, max * sizeof *bigger);
    if (!bigger)
        return false;
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

/* True when this set of edges was not reported before; doubtful ones, which may not be printed, are apart. */
static bool first_time(size_t n, enum evidence evidence)
{
    uint64_t hash = evidence != DOUBTFUL;
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
static enum evidence evidence_of(const struct actor *a, size_t n)
{
    const bool now = path[0].o->by->number == a->number; /* nobody else knows of it */
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const struct occurrence *x = path[i].o, *y = path[j].o;
            if (i == j || (now && j == 0) || !knew(x, &x->gates->flow, y))
                continue;
            if (!now || i > 0 || flow_but(a, y->by->slot, in_cycle, &n) >= occurrence_epoch(y))
                return DOUBTFUL;
        }
    return lock_predicted(now ? a : NULL, path, n) ? PREDICTED : POSSIBLE;
}

static bool report_later(struct actor *a, size_t n, enum evidence evidence)
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
        struct finding_step *s = &steps[i];
        finding_step(s, STEP_ACQUIRES, o->stack, (enum thing)path[i].e->to->thing, path[i].e->to->addr);
        s->actor = o->by->is;
        s->exclusive = o->exclusive;
        s->nheld = (int)o->gates->n;
        s->held = held;
    }
    *r = (struct order_report){a->cycles, evidence, (int)n, steps};
    a->cycles = r;
    return true;
}

/* Reports the cycles that have `least` evidence for them. True: there were others. */
static bool walk(struct actor *a, struct edge *e, struct occurrence *o, enum evidence least)
{
    struct lock *start = e->from;
    unsigned steps = 0, found = 0;
    bool others = false;
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
            enum evidence evidence = evidence_of(a, depth + 1);
            others |= evidence < least;
            if (evidence >= least && found < REPORTS_MAX && first_time(depth + 1, evidence) && report_later(a, depth + 1, evidence))
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
        lock_order_cut++;
    return others;
}

/* All cycles through the edge in which it is `o` that is unordered with the others. What is found of one is the best. */
void cycles_search(struct actor *a, struct edge *e, struct occurrence *o, struct vclock_stock *stock)
{
    if (!leads_back(e->from, e->to))
        return;
    mark_cyclic(e->to);
    if (!leads_back(e->from, e->to) || !path_room(1))
        return;
    renewals_settle_all(stock);
    if (walk(a, e, o, PREDICTED))
        walk(a, e, o, DOUBTFUL);
}

void lock_order_report(struct actor *a)
{
    while (a->cycles) {
        struct order_report *r = a->cycles;
        a->cycles = r->next;
        struct finding f;
        finding_of_steps(&f, FINDING_LOCK_ORDER, r->evidence == PREDICTED ? TIER_PREDICTED : TIER_ORDER_ONLY, r->steps,
                         r->n);
        f.doubtful = r->evidence == DOUBTFUL;
        finding_hand_over(a, &f);
        finding_steps_free(r->steps, r->n, r->n);
        arena_free(r, sizeof *r);
    }
}
