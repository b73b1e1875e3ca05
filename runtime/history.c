/* See history.h.
 *
 * Orders: a clock of each operation, in places of the log. A receive knows what its send knew, who waits for a group what those knew
 * that are done, a goroutine what its parent knew. Messages are matched first in, first out, which select and try operations can belie: such
 * channels order nothing. Nor does who sends back what he took from the same channel: that is an unlock. Locks order nothing. */
#include "history.h"

#include <stdlib.h>

enum {
    CLOCKS = 1 << 22, /* entries; the log is cut where more would be needed */
    GATES = 4         /* locks held, of each operation, on an average */
};

#define TAKES (RT_BIT(LOCK) | RT_BIT(RLOCK) | RT_BIT(CHAN_SEND) | RT_BIT(SEM_ACQUIRE))
#define GIVES (RT_BIT(UNLOCK) | RT_BIT(RUNLOCK) | RT_BIT(CHAN_RECV) | RT_BIT(SEM_RELEASE))
#define CLOSES (RT_BIT(CHAN_CLOSE) | RT_BIT(QUEUE_CLOSE))
#define TRIES (RT_BIT(CHAN_TRY_SEND) | RT_BIT(CHAN_TRY_RECV))

void *rt_history_zeros(size_t n, size_t size)
{
    void *memory = calloc(n ? n : 1, size);
    if (!memory)
        abort();
    return memory;
}

/* ---- chains, messages ---- */

static struct rt_chain *chain_of(struct rt_history *h, uint32_t task, uint32_t object)
{
    struct rt_history_object *o = &h->objects[object];
    for (int *at = &o->chains; *at != RT_NONE; at = &h->chains[*at].next)
        if (h->chains[*at].task == task) {
            const int found = *at; /* to the front: it will be asked for again */
            *at = h->chains[found].next;
            h->chains[found].next = o->chains;
            o->chains = found;
            return &h->chains[found];
        }
    struct rt_chain *c = &h->chains[h->chain_count];
    *c = (struct rt_chain){.task = task, .first = RT_NONE, .last = RT_NONE, .next = o->chains};
    o->chains = h->chain_count++;
    return c;
}

static void add_to_chain(struct rt_history *h, int i)
{
    const struct rt_record_operation *op = &h->at[i];
    struct rt_chain *c = chain_of(h, op->task, op->object);
    struct rt_event *e = &h->events[i];
    e->chain_before = c->last;
    e->owned = c->owned;
    e->sends = c->sends;
    e->receives = c->receives;
    *(c->last == RT_NONE ? &c->first : &h->events[c->last].chain_after) = i;
    c->last = i;
    c->owned += rt_is(op, TAKES) - rt_is(op, GIVES);
    c->sends += rt_is(op, RT_SENDS);
    c->receives += rt_is(op, RT_RECEIVES);
}

static void add_message(struct rt_history *h, int i)
{
    struct rt_history_object *o = &h->objects[h->at[i].object];
    o->tried |= rt_is(&h->at[i], TRIES);
    if (rt_is(&h->at[i], CLOSES) && o->close == RT_NONE)
        o->close = i;
    if (rt_is(&h->at[i], RT_RECEIVES))
        h->events[i].message = ++o->receives;
    if (!rt_is(&h->at[i], RT_SENDS))
        return;
    h->events[i].message = ++o->sends;
    if (o->last_send == RT_NONE)
        o->first_send = o->unread = i;
    else
        h->events[o->last_send].next_send = i;
    o->last_send = i;
}

static void match_message(struct rt_history *h, int i)
{
    struct rt_history_object *o = &h->objects[h->at[i].object];
    if (!rt_is(&h->at[i], RT_RECEIVES) || o->tried)
        return;
    h->events[i].partner = o->close;
    if (o->unread == RT_NONE)
        return;
    const struct rt_event *send = &h->events[o->unread];
    bool gives_back = rt_is(&h->at[i], RT_BIT(CHAN_RECV)) && send->owned < 0;
    h->events[i].partner = gives_back ? RT_NONE : o->unread;
    o->unread = send->next_send;
}

/* ---- clocks ---- */

static uint32_t *clock_of(const struct rt_history *h, int i)
{
    return &h->clocks[(size_t)i * h->tasks];
}

static void learn(struct rt_history *h, int i, int from)
{
    if (from == RT_NONE || from >= i)
        return;
    uint32_t *mine = clock_of(h, i);
    const uint32_t *other = clock_of(h, from);
    for (uint32_t t = 0; t < h->tasks; t++)
        mine[t] = mine[t] > other[t] ? mine[t] : other[t];
    uint32_t *known = &mine[h->at[from].task];
    *known = *known > (uint32_t)from + 1 ? *known : (uint32_t)from + 1;
}

/* All that were done with the group until then. */
static void learn_group(struct rt_history *h, int i, uint32_t object)
{
    for (int c = h->objects[object].chains; c != RT_NONE; c = h->chains[c].next) {
        int last = RT_NONE;
        for (int k = h->chains[c].first; k != RT_NONE && k < i; k = h->events[k].chain_after)
            last = rt_is(&h->at[k], RT_BIT(WAITGROUP_DONE)) ? k : last;
        learn(h, i, last);
    }
}

/* The task's last before place `end` of the log. */
static int last_before(const struct rt_history *h, uint32_t task, uint32_t end)
{
    int i = h->latest[task];
    while (i != RT_NONE && (uint32_t)i >= end)
        i = h->events[i].before;
    return i;
}

static void set_clock(struct rt_history *h, int i)
{
    const struct rt_record_task *t = &h->record->tasks[h->at[i].task];
    const int before = h->events[i].before;
    if (before == RT_NONE) {
        if (t->parent < h->tasks)
            learn(h, i, last_before(h, t->parent, t->born));
        return;
    }
    learn(h, i, before);
    learn(h, i, h->events[before].partner);
    if (rt_is(&h->at[before], RT_BIT(WAITGROUP_WAIT)))
        learn_group(h, i, h->at[before].object);
}

bool rt_history_ordered(const struct rt_history *h, int one, int other)
{
    return clock_of(h, one)[h->at[other].task] > (uint32_t)other || clock_of(h, other)[h->at[one].task] > (uint32_t)one;
}

/* ---- what is held ---- */

/* Without room it is forgotten: more is suspected then. */
static void set_gates(struct rt_history *h, int i)
{
    struct rt_event *e = &h->events[i];
    if (e->before == RT_NONE)
        return;
    const struct rt_record_operation *did = &h->at[e->before];
    const struct rt_event *b = &h->events[e->before];
    e->gates = b->gates;
    e->gate_count = b->gate_count;
    if (!rt_is(did, RT_BIT(LOCK) | RT_BIT(UNLOCK)) || h->gate_count + b->gate_count + 1 > h->gate_room)
        return;
    e->gates = h->gate_count;
    for (uint32_t g = 0; g < b->gate_count; g++)
        if (h->gates[b->gates + g] != did->object)
            h->gates[h->gate_count++] = h->gates[b->gates + g];
    if (rt_is(did, RT_BIT(LOCK)))
        h->gates[h->gate_count++] = did->object;
    e->gate_count = h->gate_count - e->gates;
}

uint32_t rt_history_gives_up(const struct rt_history *h, int i)
{
    const struct rt_event *e = &h->events[i];
    return rt_is(&h->at[i], RT_BIT(COND_WAIT)) && e->gate_count ? h->gates[e->gates + e->gate_count - 1] : 0;
}

bool rt_history_excluded(const struct rt_history *h, int one, int other)
{
    const struct rt_event *a = &h->events[one], *b = &h->events[other];
    const uint32_t n = a->gate_count - (rt_history_gives_up(h, one) != 0);
    const uint32_t m = b->gate_count - (rt_history_gives_up(h, other) != 0);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < m; j++)
            if (h->gates[a->gates + i] == h->gates[b->gates + j])
                return true;
    return false;
}

/* ---- the whole ---- */

static void add_to_task(struct rt_history *h, int i)
{
    const uint32_t task = h->at[i].task;
    h->events[i].before = h->latest[task];
    *(h->latest[task] == RT_NONE ? &h->begins[task] : &h->events[h->latest[task]].after) = i;
}

static void read_log(struct rt_history *h)
{
    for (int i = 0; i < h->n; i++) {
        h->events[i] = (struct rt_event){.before = RT_NONE, .after = RT_NONE, .chain_before = RT_NONE, .chain_after = RT_NONE,
                                         .next_send = RT_NONE, .partner = RT_NONE};
        add_to_chain(h, i);
        add_message(h, i);
    }
    for (int i = 0; i < h->n; i++) {
        add_to_task(h, i);
        match_message(h, i);
        set_clock(h, i);
        set_gates(h, i);
        h->latest[h->at[i].task] = i;
    }
}

bool rt_history_open(struct rt_history *h, const struct rt_record *r)
{
    uint32_t objects = 0;
    *h = (struct rt_history){.record = r, .at = r->operations, .n = (int)r->operation_count};
    for (int i = 0; i < h->n; i++) {
        h->tasks = h->at[i].task >= h->tasks ? h->at[i].task + 1 : h->tasks;
        objects = h->at[i].object >= objects ? h->at[i].object + 1 : objects;
    }
    if (h->tasks < 2 || h->tasks > RT_RECORD_TASKS)
        return false;
    h->n = h->n < (int)(CLOCKS / h->tasks) ? h->n : (int)(CLOCKS / h->tasks);
    const size_t n = (size_t)h->n;
    h->events = rt_history_zeros(n, sizeof *h->events);
    h->begins = rt_history_zeros(h->tasks, sizeof *h->begins);
    h->latest = rt_history_zeros(h->tasks, sizeof *h->latest);
    h->chains = rt_history_zeros(n, sizeof *h->chains);
    h->objects = rt_history_zeros(objects, sizeof *h->objects);
    h->clocks = rt_history_zeros(n * h->tasks, sizeof *h->clocks);
    h->gate_room = (uint32_t)n * GATES;
    h->gates = rt_history_zeros(h->gate_room, sizeof *h->gates);
    for (uint32_t t = 0; t < h->tasks; t++)
        h->begins[t] = h->latest[t] = RT_NONE;
    for (uint32_t o = 0; o < objects; o++)
        h->objects[o] = (struct rt_history_object){
            .chains = RT_NONE, .first_send = RT_NONE, .last_send = RT_NONE, .unread = RT_NONE, .close = RT_NONE};
    read_log(h);
    return true;
}

void rt_history_close(struct rt_history *h)
{
    free(h->events);
    free(h->begins);
    free(h->latest);
    free(h->chains);
    free(h->objects);
    free(h->clocks);
    free(h->gates);
}
