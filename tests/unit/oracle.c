#include "oracle.h"

#include <assert.h>
#include <string.h>

void oracle_reset(struct oracle *o)
{
    memset(o->clock, 0, sizeof o->clock);
    memset(o->keys, 0, sizeof o->keys);
    memset(o->fence, 0, sizeof o->fence);
    memset(o->pending, 0, sizeof o->pending);
    memset(o->changes, 0, sizeof o->changes);
    memset(o->history_length, 0, sizeof o->history_length);
    o->actors = o->accesses = 0;
}

static void join(unsigned *to, const unsigned *from)
{
    for (int i = 0; i < ORACLE_ACTORS; i++)
        if (to[i] < from[i])
            to[i] = from[i];
}

int oracle_born(struct oracle *o, int parent)
{
    assert(o->actors < ORACLE_ACTORS);
    int child = o->actors++;
    if (parent >= 0)
        oracle_learns(o, child, parent);
    o->clock[child][child] = 1;
    return child;
}

void oracle_learns(struct oracle *o, int actor, int from)
{
    join(o->clock[actor], o->clock[from]);
    o->clock[from][from]++;
}

void oracle_joins(struct oracle *o, int actor, int child)
{
    join(o->clock[actor], o->clock[child]);
}

void oracle_acquire(struct oracle *o, int actor, int key)
{
    join(o->clock[actor], o->keys[key]);
}

void oracle_release(struct oracle *o, int actor, int key, bool merge)
{
    if (!merge)
        oracle_forget(o, key);
    join(o->keys[key], o->clock[actor]);
    o->clock[actor][actor]++;
}

void oracle_forget(struct oracle *o, int key)
{
    memset(o->keys[key], 0, sizeof o->keys[key]);
}

/* ---- atomic objects --------------------------------------------------------------------------------------------- */

static bool acquires(int order)
{
    return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static bool releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* The last change belongs to the release sequence that change `head` leads, or would lead if it were a release: all
 * that came after are read-modify-writes, or changes by the same actor. */
static bool leads_to_last(const struct oracle *o, int location, int head)
{
    const struct oracle_change *c = o->change[location];
    for (int i = head + 1; i < o->changes[location]; i++)
        if (!c[i].rmw && c[i].actor != c[head].actor)
            return false;
    return true;
}

void oracle_load(struct oracle *o, int actor, int location, int order)
{
    unsigned *to = acquires(order) ? o->clock[actor] : o->pending[actor];
    for (int head = 0; head < o->changes[location]; head++) {
        const struct oracle_change *c = &o->change[location][head];
        if (!leads_to_last(o, location, head))
            continue;
        if (c->releases)
            join(to, c->clock);
        join(to, c->fence);
    }
}

void oracle_store(struct oracle *o, int actor, int location, bool rmw, int order)
{
    assert(o->changes[location] < ORACLE_CHANGES);
    struct oracle_change *c = &o->change[location][o->changes[location]++];
    *c = (struct oracle_change){.actor = actor, .rmw = rmw, .releases = releases(order)};
    memcpy(c->clock, o->clock[actor], sizeof c->clock);
    memcpy(c->fence, o->fence[actor], sizeof c->fence);
    if (c->releases)
        o->clock[actor][actor]++;
}

void oracle_fence(struct oracle *o, int actor, int order)
{
    if (acquires(order))
        join(o->clock[actor], o->pending[actor]);
    if (releases(order)) {
        memcpy(o->fence[actor], o->clock[actor], sizeof o->fence[actor]);
        o->clock[actor][actor]++;
    }
}

void oracle_new_location(struct oracle *o, int location)
{
    o->changes[location] = 0;
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

void oracle_fresh(struct oracle *o, unsigned offset, unsigned size)
{
    for (unsigned b = offset; b < offset + size; b++)
        o->history_length[b] = 0;
}

int oracle_access(struct oracle *o, int actor, unsigned offset, unsigned size, enum access_kind kind)
{
    assert(o->accesses < ORACLE_ACCESSES);
    int number = o->accesses++;
    struct oracle_access *a = &o->access[number];
    *a = (struct oracle_access){
        .actor = actor, .kind = kind, .offset = offset, .size = size, .epoch = o->clock[actor][actor]};
    memcpy(a->clock, o->clock[actor], sizeof a->clock);
    for (unsigned b = offset; b < offset + size; b++)
        o->history[b][o->history_length[b]++] = (short)number;
    return number;
}

static bool writes(enum access_kind kind)
{
    return kind == ACCESS_WRITE || kind == ACCESS_ATOMIC_WRITE || kind == ACCESS_FREE;
}

static bool atomic(enum access_kind kind)
{
    return kind == ACCESS_ATOMIC_READ || kind == ACCESS_ATOMIC_WRITE;
}

bool oracle_conflict(enum access_kind a, enum access_kind b)
{
    return (writes(a) || writes(b)) && !(atomic(a) && atomic(b));
}

static bool touches(const struct oracle_access *a, unsigned offset)
{
    return offset >= a->offset && offset < a->offset + a->size;
}

static bool ordered(const struct oracle_access *early, const struct oracle_access *late)
{
    return late->clock[early->actor] >= early->epoch;
}

bool oracle_race_at(const struct oracle *o, int early, int late, unsigned offset)
{
    const struct oracle_access *e = &o->access[early], *l = &o->access[late];
    return touches(e, offset) && touches(l, offset) && oracle_conflict(e->kind, l->kind) && !ordered(e, l);
}

static bool covers(enum access_kind a, enum access_kind b)
{
    for (int kind = ACCESS_READ; kind <= ACCESS_FREE; kind++)
        if (oracle_conflict(b, (enum access_kind)kind) && !oracle_conflict(a, (enum access_kind)kind))
            return false;
    return true;
}

bool oracle_stands(const struct oracle *o, int shown, int early, unsigned offset)
{
    const struct oracle_access *e = &o->access[early], *s = &o->access[shown];
    if (shown == early)
        return true;
    for (int i = 0; i < o->history_length[offset]; i++) {
        int between = o->history[offset][i];
        const struct oracle_access *m = &o->access[between];
        bool as_shown = between == shown || (m->actor == s->actor && m->epoch == s->epoch);
        bool after =
            between == early || (between > early && ordered(e, m)) || (m->actor == e->actor && m->epoch == e->epoch);
        if (as_shown && after && covers(s->kind, m->kind) && covers(m->kind, e->kind))
            return true;
    }
    return false;
}

bool oracle_repeats(const struct oracle *o, int first, int again)
{
    const struct oracle_access *f = &o->access[first], *a = &o->access[again];
    return first == again ||
           (first < again && f->actor == a->actor && f->epoch == a->epoch && covers(f->kind, a->kind));
}

bool oracle_remembers(const struct oracle *o, int access, unsigned offset)
{
    for (int i = 0; i < o->history_length[offset]; i++)
        if (o->history[offset][i] == access)
            return true;
    return false;
}
