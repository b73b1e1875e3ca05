/* Collection of shadow states, lock sets and the memory of actors that have gone.
 *
 * Nothing is forgotten that could still be one side of a race:
 *  - A remembered access that every live actor knows of is dropped: whoever acts later knows it, too.
 *  - Epochs that nobody can tell apart become one. Whether an access of epoch e is known depends only on the values that
 *    clocks hold for its slot: of actors, of their fences, and of synchronisation objects, which others may acquire. So e
 *    can be replaced by the smallest such value that is not below it (or the last epoch of its actor): no comparison has
 *    another outcome, now or later. A thread that takes a lock a million times leaves behind as many epochs as there are
 *    different opinions about it, and histories that differed in epochs alone become equal.
 *  - States that no shadow word names any more are free.
 * Tags are taken back on the way (shadow.h). */
#include "collect.h"

#include "access.h"
#include "heap.h"
#include "lockset.h"
#include "race.h"
#include "sync.h"

#define VALUES_MAX ((size_t)1 << 22)
#define SEEN (1u << 13)

struct sweep {
    struct actor *by;
    uint64_t *floor;  /* by slot: every live actor knows it up to this epoch */
    who_t *values;    /* what clocks hold, sorted; NULL: too many, epochs stay as they are */
    size_t nvalues;
    who_t seen[SEEN]; /* lately added to values */
    struct {
        who_t who, to;
    } lately[SEEN];   /* what canonical() has said */
};

static uint64_t done;

uint64_t collections(void)
{
    return done;
}

static void add_value(uint32_t slot, uint64_t epoch, void *ctx)
{
    struct sweep *s = ctx;
    who_t who = who_pack(slot, epoch);
    who_t *seen = &s->seen[who * 0x9e3779b97f4a7c15u >> (64 - 13)];
    if (*seen == who || s->nvalues == VALUES_MAX)
        return;
    *seen = who;
    s->values[s->nvalues++] = who;
}

static void add_clock(const struct vclock *c, void *ctx)
{
    vclock_each(c, add_value, ctx);
}

static void sift(who_t *v, size_t root, size_t n)
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && v[child] < v[child + 1])
            child++;
        if (v[root] >= v[child])
            return;
        who_t t = v[root];
        v[root] = v[child];
        v[child] = t;
    }
}

/* Heapsort: in place, and no bad case. */
static void sort(who_t *v, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(v, i, n);
    for (size_t i = n; i-- > 1;) {
        who_t t = v[0];
        v[0] = v[i];
        v[i] = t;
        sift(v, 0, i);
    }
}

static who_t canonical_slow(const struct sweep *s, who_t who)
{
    size_t lo = 0, hi = s->nvalues;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->values[mid] < who)
            lo = mid + 1;
        else
            hi = mid;
    }
    uint64_t epoch = actor_last_epoch(who);
    if (lo < s->nvalues && who_slot(s->values[lo]) == who_slot(who) && who_epoch(s->values[lo]) < epoch)
        epoch = who_epoch(s->values[lo]);
    return who_pack(who_slot(who), epoch);
}

static who_t canonical(struct sweep *s, who_t who)
{
    if (!s->values)
        return who;
    size_t i = who * 0x9e3779b97f4a7c15u >> (64 - 13);
    if (s->lately[i].who != who) {
        s->lately[i].who = who;
        s->lately[i].to = canonical_slow(s, who);
    }
    return s->lately[i].to;
}

/* The history without what is settled and with canonical epochs. Returns its length. */
static uint32_t rewrite(struct sweep *s, const struct access *list, uint32_t n, struct access *out, bool *changed)
{
    uint32_t m = 0;
    *changed = false;
    for (uint32_t i = 0; i < n; i++) {
        struct access x = list[i];
        if (who_epoch(x.who) <= s->floor[who_slot(x.who)])
            continue;
        x.who = canonical(s, x.who);
        *changed |= x.who != list[i].who;
        m = access_add(out, m, &x);
    }
    *changed |= m != n;
    return m;
}

static void mark(uint32_t state)
{
    uint32_t n;
    if (!state_mark(state))
        return;
    const struct access *list = state_list(state, &n);
    for (uint32_t i = 0; i < n; i++) {
        actor_mark(list[i].who);
        lockset_mark(meta_lockset(list[i].meta));
    }
}

static uint32_t renewed(struct sweep *s, uint32_t state)
{
    struct access small[64], *out = small;
    uint32_t n;
    const struct access *list = state_list(state, &n);
    if (n > 64 && !(out = arena_alloc(n * sizeof *out)))
        return state;
    bool changed;
    uint32_t m = rewrite(s, list, n, out, &changed), to = state;
    if (m == 0)
        to = 0;
    else if (changed && !(m > 2 && state_is_private(state) && state_change(state, out, m)))
        to = state_make(&s->by->states, out, m);
    if (out != small)
        arena_free(out, n * sizeof *out);
    return to || m == 0 ? to : state;
}

static void sweep_words(shadow_word *w, size_t n, void *ctx)
{
    struct sweep *s = ctx;
    for (size_t i = 0; i < n; i++) {
        uint32_t state = word_state(w[i]);
        if (!state)
            continue;
        if (state_is_private(state)) {
            state = renewed(s, state);
            if (state)
                mark(state);
        } else {
            uint32_t *note = state_note(state); /* 1 + what became of it */
            if (!*note) {
                uint32_t to = renewed(s, state);
                *note = 1 + to;
                if (to)
                    mark(to);
            }
            state = *note - 1;
        }
        w[i] = word_pack(state, 0, 0, 0);
    }
}

static void gather(struct sweep *s)
{
    s->values = os_reserve(VALUES_MAX * sizeof *s->values);
    if (!s->values)
        return;
    actor_each_clock(add_clock, s);
    sync_each_clock(add_clock, s);
    if (s->nvalues == VALUES_MAX) {
        os_unmap(s->values, VALUES_MAX * sizeof *s->values);
        s->values = NULL;
        return;
    }
    sort(s->values, s->nvalues);
}

void collect(struct actor *a)
{
    world_stop(a);
    /* Others may have seen the same need. */
    bool due = state_crowded() || tags_crowded() || actors_crowded();
    const size_t floor_size = ((size_t)actor_slots() + 1) * sizeof(uint64_t);
    struct sweep *s = due ? os_reserve(sizeof *s) : NULL;
    if (s) {
        s->by = a;
        s->floor = os_reserve(floor_size);
    }
    if (s && s->floor && state_mark_begin()) {
        actor_floor(s->floor);
        gather(s);
        actor_mark_begin();
        lockset_mark_begin();
        for (const struct actor *o = actors_newest; o; o = o->older)
            races_mark(o);
        heap_mark();
        shadow_all(sweep_words, s);
        state_sweep();
        lockset_sweep();
        actor_sweep();
        context_rehash();
        done++;
    }
    if (s && s->values)
        os_unmap(s->values, VALUES_MAX * sizeof *s->values);
    if (s && s->floor)
        os_unmap(s->floor, floor_size);
    if (s)
        os_unmap(s, sizeof *s);
    world_start(a);
}
