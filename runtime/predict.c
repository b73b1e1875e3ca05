/* See predict.h.
 *
 * Operations of one goroutine on one object are a chain. What goroutine B does on object o next, when it is about to do something
 * else, follows from the chain: between two neighbours of it, B owes the second one. So whoever waits at o for such an operation
 * may wait for B at any of B's operations in between: an edge between two operations, unless they cannot be met together. Cycles of
 * edges are looked for by length, short ones first. */
#include "predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

enum {
    ALIKE = 4,       /* operations of one goroutine that are alike and looked at; cycles of the same operations that are told */
    EDGES = 1 << 18, /* more are not looked at */
    LONGEST = 16,    /* cycle */
    SHORT = 4,       /* if it is not longer, others that are alike are tried in each place */
    STEPS = 200000,  /* of one search for cycles */
    MOST = 64        /* cycles of one record */
};

/* By what others do a wait for this may end; 0: it never waits. */
static const uint64_t ended_by[64] = {
    [RT_OP_LOCK] = RT_BIT(UNLOCK) | RT_BIT(RUNLOCK),
    [RT_OP_RLOCK] = RT_BIT(UNLOCK),
    [RT_OP_CHAN_SEND] = RT_BIT(CHAN_RECV) | RT_BIT(CHAN_TRY_RECV),
    [RT_OP_CHAN_RECV] = RT_BIT(CHAN_SEND) | RT_BIT(CHAN_TRY_SEND) | RT_BIT(CHAN_CLOSE),
    [RT_OP_COND_WAIT] = RT_BIT(COND_SIGNAL) | RT_BIT(COND_BROADCAST),
    [RT_OP_WAITGROUP_WAIT] = RT_BIT(WAITGROUP_DONE),
    [RT_OP_SEM_ACQUIRE] = RT_BIT(SEM_RELEASE),
    [RT_OP_QUEUE_POP] = RT_BIT(QUEUE_PUSH) | RT_BIT(QUEUE_CLOSE),
};

struct node { /* of an operation */
    uint32_t rank; /* it may wait, and is this many's of those of its task that are alike, up to ALIKE; 0: it is not looked at */
    bool met;      /* somebody may wait for it */
    int next;      /* of the same task: the next operation that is looked at, this one included */
    uint32_t edges, edge_count; /* in `edges`: those that it may wait for */
};

struct predict {
    struct rt_history h;
    struct node *nodes;
    int *edges;
    uint32_t edge_count;
    void (*found)(void *host, enum rt_suspicion how, const char *strategy);
    void *host;
    /* the search */
    int path[LONGEST];
    uint32_t alike; /* of those that are, how many are looked at */
    uint32_t steps, told;
    struct kind { /* of a cycle */
        uint64_t what;
        uint32_t count;
    } kinds[MOST];
    uint32_t kind_count;
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

/* ---- operations that may wait ---- */

static uint64_t likeness(const struct predict *p, int i)
{
    const struct rt_event *e = &p->h.events[i];
    uint64_t hash = mix((uint64_t)p->h.at[i].object << 8 | p->h.at[i].op);
    for (uint32_t g = 0; g < e->gate_count; g++)
        hash = mix(hash ^ p->h.gates[e->gates + g]);
    return hash;
}

/* Of a loop the first rounds are enough. */
static void rank_nodes(struct predict *p)
{
    enum { ROOM = 1024 };
    struct kind *seen = rt_history_zeros(ROOM, sizeof *seen);
    for (int i = 0; i < p->h.n; i++) {
        const uint64_t what = mix(likeness(p, i) ^ p->h.at[i].task) | 1;
        struct kind *kind = &seen[what % ROOM];
        if (!ended_by[p->h.at[i].op])
            continue;
        if (kind->what != what)
            *kind = (struct kind){what, 0};
        if (++kind->count <= ALIKE)
            p->nodes[i].rank = kind->count;
    }
    free(seen);
    for (uint32_t t = 0; t < p->h.tasks; t++)
        for (int i = p->h.latest[t], next = RT_NONE; i != RT_NONE; i = p->h.events[i].before) {
            next = p->nodes[i].rank ? i : next;
            p->nodes[i].next = next;
        }
}

static int node_behind(const struct predict *p, int i)
{
    const int after = p->h.events[i].after;
    return after != RT_NONE ? p->nodes[after].next : RT_NONE;
}

/* ---- edges ---- */

/* Whether the task at `other` owes the wait at `one` its operation `end`, which is on the same object. */
static bool owes(const struct predict *p, int one, int other, int end)
{
    const struct rt_record_operation *w = &p->h.at[one], *o = &p->h.at[other];
    const struct rt_event *e = &p->h.events[end];
    const int message = p->h.events[one].message, owned = p->h.events[other].owned;
    if (!rt_is(&p->h.at[end], ended_by[w->op]))
        return false;
    if (rt_history_gives_up(&p->h, other) == w->object)
        return false;
    /* It was sent already, or received already. */
    if ((rt_is(w, RT_RECEIVES) && e->sends >= message) || (rt_is(w, RT_SENDS) && e->receives >= message))
        return false;
    if (o->object != w->object)
        return true;
    /* It waits there itself: does it have any of it, or is it a writer whom readers let go first? */
    if (w->op == RT_OP_RLOCK && o->op == RT_OP_LOCK)
        return true;
    return rt_is(o, RT_RECEIVES) ? owned < 0 : owned > 0;
}

/* Whether both may stand there at the same time. */
static bool go_together(const struct predict *p, int one, int other)
{
    const struct rt_record_operation *a = &p->h.at[one], *b = &p->h.at[other];
    bool meet = (rt_is(a, RT_SENDS) && rt_is(b, RT_RECEIVES)) || (rt_is(b, RT_SENDS) && rt_is(a, RT_RECEIVES));
    return a->task != b->task && !(meet && a->object == b->object) && !rt_history_ordered(&p->h, one, other) &&
           !rt_history_excluded(&p->h, one, other);
}

static void add_edges_to(struct predict *p, int from, const struct rt_chain *c)
{
    for (int end = c->first; end != RT_NONE; end = p->h.events[end].chain_after) {
        const int begin = p->h.events[end].chain_before;
        if (!rt_is(&p->h.at[end], ended_by[p->h.at[from].op]))
            continue;
        int i = p->nodes[begin != RT_NONE ? begin : p->h.begins[c->task]].next;
        for (; i != RT_NONE && i < end && p->edge_count < EDGES; i = node_behind(p, i)) {
            if (!owes(p, from, i, end) || !go_together(p, from, i))
                continue;
            p->nodes[i].met = true;
            p->edges[p->edge_count++] = i;
        }
    }
}

static void add_edges(struct predict *p, int from)
{
    p->nodes[from].edges = p->edge_count;
    for (int c = p->h.objects[p->h.at[from].object].chains; c != RT_NONE; c = p->h.chains[c].next)
        if (p->h.chains[c].task != p->h.at[from].task)
            add_edges_to(p, from, &p->h.chains[c]);
    p->nodes[from].edge_count = p->edge_count - p->nodes[from].edges;
}

/* ---- telling ---- */

/* last: a bit for each that goes on when the others wait. */
static void tell(struct predict *p, int length, enum rt_suspicion how, uint32_t last)
{
    char strategy[RT_TOKEN / 2], path[400];
    size_t n = (size_t)snprintf(strategy, sizeof strategy, RT_HOLD);
    for (int k = 0; k < length && n < sizeof strategy; k++) {
        const struct rt_record_operation *o = &p->h.at[p->path[k]];
        rt_path_print(p->h.record, o->task, path, sizeof path);
        n += (size_t)snprintf(strategy + n, sizeof strategy - n, "%s%s@%u%s", k ? "," : "", path, o->nth,
                              last >> k & 1 ? "" : "w");
    }
    if (n < sizeof strategy)
        p->found(p->host, how, strategy);
}

/* Whether it has to stand in its operation, not before it, so that the others wait. */
static bool has_to_wait(const struct predict *p, int length, int k)
{
    const struct rt_record_operation *o = &p->h.at[p->path[k]];
    const struct rt_record_operation *by = &p->h.at[p->path[(k + length - 1) % length]];
    if (o->op == RT_OP_LOCK)
        return by->op == RT_OP_RLOCK && by->object == o->object;
    return o->op != RT_OP_RLOCK;
}

static bool is_new(struct predict *p, int length)
{
    uint64_t what = 0;
    bool firsts = p->alike > 1; /* the search for those has told it */
    for (int k = 0; k < length; k++) {
        what += likeness(p, p->path[k]);
        firsts &= p->nodes[p->path[k]].rank == 1;
    }
    uint32_t i = 0;
    while (i < p->kind_count && p->kinds[i].what != what)
        i++;
    if (firsts || i == MOST)
        return false;
    if (i == p->kind_count)
        p->kinds[p->kind_count++] = (struct kind){what, 0};
    return p->kinds[i].count++ < ALIKE;
}

static void tell_cycle(struct predict *p, int length)
{
    uint32_t last = 0;
    if (!is_new(p, length))
        return;
    p->told++;
    for (int k = 0; k < length; k++)
        last |= (uint32_t)!has_to_wait(p, length, k) << k;
    tell(p, length, last == (1u << length) - 1 ? RT_SUSPECT_LOCKS : last ? RT_SUSPECT_WAITS : RT_SUSPECT_MEETING, last);
    for (int k = 0; !last && k < length; k++)
        tell(p, length, RT_SUSPECT_ONE, 1u << k);
}

/* ---- the search ---- */

static bool fits(const struct predict *p, int length, int i)
{
    for (int k = 0; k < length; k++)
        if (!go_together(p, p->path[k], i))
            return false;
    return true;
}

/* Of cycles of `wanted` operations, of which the first comes first in the log, those that begin with the path. */
static void extend(struct predict *p, int length, int wanted)
{
    const struct node *last = &p->nodes[p->path[length - 1]];
    for (uint32_t e = 0; e < last->edge_count; e++) {
        const int i = p->edges[last->edges + e];
        const struct node *node = &p->nodes[i];
        if (++p->steps > STEPS || p->told == MOST)
            return;
        if (i == p->path[0] && length == wanted) {
            tell_cycle(p, length);
        } else if (i > p->path[0] && length < wanted && node->rank <= p->alike && node->edge_count && fits(p, length, i)) {
            p->path[length] = i;
            extend(p, length + 1, wanted);
        }
    }
}

static void search(struct predict *p, int longest, uint32_t alike)
{
    p->alike = alike;
    p->steps = 0;
    for (int wanted = 2; wanted <= longest && (uint32_t)wanted <= p->h.tasks; wanted++)
        for (int i = 0; i < p->h.n && p->steps <= STEPS; i++)
            if (p->nodes[i].met && p->nodes[i].rank <= alike) {
                p->path[0] = i;
                extend(p, 1, wanted);
            }
}

void rt_predict(const struct rt_record *r, void (*found)(void *host, enum rt_suspicion how, const char *strategy), void *host)
{
    struct predict p = {.found = found, .host = host};
    if (!rt_history_open(&p.h, r))
        return;
    p.nodes = rt_history_zeros((size_t)p.h.n, sizeof *p.nodes);
    p.edges = rt_history_zeros(EDGES, sizeof *p.edges);
    rank_nodes(&p);
    for (int i = 0; i < p.h.n; i++)
        if (p.nodes[i].rank)
            add_edges(&p, i);
    search(&p, LONGEST, 1);
    search(&p, SHORT, ALIKE);
    free(p.nodes);
    free(p.edges);
    rt_history_close(&p.h);
}
