/* FastTrack (Flanagan & Freund, PLDI'09), byte-exact, with nothing evicted.
 *
 * The history of a granule is the set of accesses that are not yet dominated. A new access N of actor a meets every
 * remembered access X with common bytes:
 *   [RACE]      X conflicts with N (kind_conflicts) and a does not know X's epoch: the pair is reported.
 *   [DOMINATE]  a knows X (or made it), and whatever conflicts with X conflicts with N (kind_covered_by): whoever comes
 *               later and is unordered with X is unordered with N, so X's common bytes are forgotten.
 *   otherwise   both stay: unordered readers, atomics, and both sides of a race, so that a third access that races with
 *               either is reported as well.
 *   [SAME EPOCH] bytes of N that an access of the same epoch covers are not added.
 * FastTrack's write epoch, read epoch and read vector are the cases of this; the set has no fixed size.
 *
 * race_transition is the rule, on lists. cell_meets is the same rule on cells, for histories that are not long and have
 * no race. The model test (tests/unit/test_race_model.c) plays both against
 * an oracle. */
#include "race.h"

#include "access.h"
#include "finding.h"
#include "heap.h"
#include "history.h"
#include "lockset.h"

static bool kind_in(uint32_t meta, unsigned kinds)
{
    return kinds >> meta_kind(meta) & 1;
}

/* Adds the access, merging it with its twin on other bytes of the granule (a loop over bytes is one access). */
uint32_t access_add(struct access *list, uint32_t n, const struct access *x)
{
    const uint32_t size = 3u << META_SIZE_SHIFT;
    for (uint32_t i = 0; i < n; i++) {
        if (list[i].who == x->who && list[i].stack == x->stack && !((list[i].meta ^ x->meta) & ~(META_MASK | size))) {
            uint32_t larger = (list[i].meta & size) > (x->meta & size) ? list[i].meta : x->meta;
            if (larger == x->meta)
                list[i].stamp = x->stamp; /* it knows the size */
            list[i].meta = (larger & ~META_MASK) | ((list[i].meta | x->meta) & META_MASK);
            return n;
        }
    }
    list[n] = *x;
    return n + 1;
}

void race_transition(struct actor *a, const struct access *old, uint32_t nold, const struct access *access,
                     struct transition *t)
{
    const enum access_kind kind = meta_kind(access->meta);
    const unsigned conflicts = kind_conflicts(kind);
    const unsigned same_epoch = kind == ACCESS_FREE ? 0 : kind_covered_by(kind);
    unsigned left = meta_mask(access->meta);
    struct access *list = t->list;
    uint32_t n = 0;

    t->changed = false;
    t->nraces = 0;
    t->raced_bytes = 0;
    for (uint32_t i = 0; i < nold; i++) {
        struct access x = old[i];
        unsigned common = meta_mask(x.meta) & meta_mask(access->meta);
        if (common) {
            bool mine = who_slot(x.who) == who_slot(access->who);
            bool known = mine || actor_knows(a, x.who);
            if (!known && kind_in(x.meta, conflicts)) {
                t->raced_bytes |= common;
                t->raced[t->nraces] = x;
                t->raced[t->nraces++].meta = (x.meta & ~META_MASK) | common;
            }
            if (x.who == access->who && kind_in(x.meta, same_epoch)) {
                left &= ~meta_mask(x.meta);
            } else if (known && kind_covered_by(meta_kind(x.meta)) >> kind & 1) {
                x.meta &= ~common;
                t->changed = true;
            }
        }
        if (meta_mask(x.meta))
            list[n++] = x;
    }
    if (left) {
        struct access fresh = *access;
        fresh.meta = (fresh.meta & ~META_MASK) | left;
        n = access_add(list, n, &fresh);
        t->changed = true;
    }
    t->n = n;
}

static uint64_t races, repeats; /* atomic */

/* ---- findings ------------------------------------------------------------------------------------------------- */

static void describe_bytes(struct finding_access *f, uintptr_t granule, uint32_t meta)
{
    unsigned mask = meta_mask(meta);
    f->kind = meta_kind(meta);
    f->addr = granule + (mask ? (unsigned)__builtin_ctz(mask) : 0);
    f->size = meta_size(meta);
}

static void describe_object(struct finding_object *o, uintptr_t addr)
{
    struct block b;
    zero_bytes(o, sizeof *o);
    if (heap_find(addr, &b)) {
        o->kind = OBJECT_HEAP;
        o->base = b.addr;
        o->size = b.size;
        o->stack = b.stack;
        actor_describe(b.by, &o->actor);
        return;
    }
    os_lock(&actors_lock);
    struct actor *owner = actor_of_locals(addr);
    if (owner) {
        o->kind = OBJECT_TLS;
        o->base = owner->locals_lo;
        o->size = owner->locals_size;
        actor_describe_live(owner, &o->actor);
    } else if ((owner = actor_of_stack(addr)) != NULL) {
        o->kind = OBJECT_STACK;
        o->base = owner->stack_lo;
        o->size = owner->stack_size;
        actor_describe_live(owner, &o->actor);
    }
    os_unlock(&actors_lock);
}

/* Pairs of stacks that were handed over, so that a racy loop does not describe the same finding a million times. A slot
 * holds the latest pair that fell on it: what it forgets is told to the host again, which counts it as a duplicate. */
#define TOLD 4096
static uint64_t told[TOLD]; /* atomic */

static bool was_told(const struct access *now, const struct access *x)
{
    uint32_t a = now->stack * 8 + meta_kind(now->meta), b = x->stack * 8 + meta_kind(x->meta);
    uint64_t pair = a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
    uint64_t *slot = &told[pair * 0x9e3779b97f4a7c15u >> 52];
    return __atomic_exchange_n(slot, pair, __ATOMIC_RELAXED) == pair;
}

/* The earlier sides of races on their way to the host: a collection that comes meanwhile leaves what they refer to. */
struct handing {
    struct handing *outer; /* a signal handler may come, with a race of its own */
    const struct access *raced;
    uint32_t n;
};

/* The actor is inside, and is so afterwards; the host is called outside of the core: it may take its time, and run the
 * program's code. Out of line and only for races: a finding takes a kilobyte and a half of stack. */
static __attribute__((noinline)) void report(struct actor *a, uintptr_t granule, const struct access *now,
                                             const struct access *raced, uint32_t n)
{
    struct finding f;
    struct handing handing = {a->handing, raced, n};
    a->handing = &handing;
    for (uint32_t i = 0; i < n; i++) {
        const struct access *x = &raced[i];
        if (was_told(now, x)) {
            __atomic_fetch_add(&repeats, 1, __ATOMIC_RELAXED);
            continue;
        }
        zero_bytes(&f, sizeof f);
        f.kind = FINDING_RACE;
        f.tier = TIER_HAPPENED;
        struct access mine = *now;
        mine.meta = (now->meta & ~META_MASK) | (now->meta & x->meta & META_MASK);
        describe_bytes(&f.access[0], granule, mine.meta);
        f.access[0].stack = now->stack;
        f.access[0].nlocks = locks_describe(a, f.access[0].locks);
        actor_describe_live(a, &f.access[0].actor);
        describe_bytes(&f.access[1], granule, x->meta);
        f.access[1].stack = x->stack;
        f.access[1].nlocks = lockset_describe(meta_lockset(x->meta), f.access[1].locks);
        f.access[1].locks_lost = meta_lockset(x->meta) == LOCKSET_LOST;
        actor_describe(x->who, &f.access[1].actor);
        describe_object(&f.object, f.access[0].addr);
        actor_leave(a);
        if (host.found)
            host.found(a, &f);
        actor_enter(a);
    }
    a->handing = handing.outer;
}

uint64_t races_found(void)
{
    return races;
}

struct pending_races {
    struct pending_races *next;
    uintptr_t granule;
    struct access now;
    uint32_t n;
    struct access raced[];
};

static void keep(struct actor *a, uintptr_t granule, const struct access *now, const struct transition *t)
{
    struct pending_races *p = arena_alloc(sizeof *p + t->nraces * sizeof *t->raced);
    if (!p)
        return;
    *p = (struct pending_races){.next = a->pending, .granule = granule, .now = *now, .n = t->nraces};
    for (uint32_t i = 0; i < t->nraces; i++)
        p->raced[i] = t->raced[i];
    a->pending = p;
}

void races_hand_over(struct actor *a)
{
    while (unlikely(a->pending != NULL)) {
        struct pending_races *p = a->pending;
        a->pending = p->next;
        report(a, p->granule, &p->now, p->raced, p->n);
        arena_free(p, sizeof *p + p->n * sizeof *p->raced);
    }
}

static void mark_names(const struct access *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        actor_mark_name(list[i].who);
        lockset_mark(meta_lockset(list[i].meta));
    }
}

void races_mark(const struct actor *a)
{
    for (const struct handing *h = a->handing; h; h = h->outer)
        mark_names(h->raced, h->n);
    for (const struct pending_races *p = a->pending; p; p = p->next)
        mark_names(p->raced, p->n);
}

/* ---- one granule ------------------------------------------------------------------------------------------------------ */

/* A cell of this epoch that the fast path does not recognise: the same with a number that it does. */
static uint32_t recognised(struct actor *a, uint32_t cell)
{
    const struct stamp *s = &stamps[cell >> CELL_STAMP_SHIFT];
    if (s->meta & META_DISTRUST)
        return cell;
    uint32_t number = stamp_of(&a->stamps, a->who, s->stack, s->meta);
    return number ? (cell & ~(~0u << CELL_STAMP_SHIFT)) | number << CELL_STAMP_SHIFT : cell;
}

/* What the rule leaves of the remembered cell `c` when the access `cell` comes, with which it has bytes in common: in *c, no
 * bytes when nothing. False: they race. *left loses the bytes of the access that *c covers, and then that stays. */
static inline __attribute__((always_inline)) bool cell_meets(struct actor *a, uint32_t *c, uint32_t cell, bool is_free,
                                                             uint32_t *left)
{
    const uint32_t bytes = cell & CELL_BYTES, class = cell & CELL_CLASS;
    const struct stamp *s = &stamps[*c >> CELL_STAMP_SHIFT];
    if (s->who == a->who && !is_free && !(class & ~*c)) { /* [SAME EPOCH] */
        const bool kept = likely(cell_current(a, *c)) || s->meta & META_DISTRUST;
        if (!kept && (*c & CELL_CLASS) == class) {
            *c &= ~bytes; /* the new one says as much, and is recognised */
        } else {
            *left &= ~*c;
            if (!kept)
                *c = recognised(a, *c);
        }
        return true;
    }
    if (who_slot(s->who) != who_slot(a->who) && !actor_knows(a, s->who))
        return ((*c | class) & CELL_CLASS) != CELL_CLASS; /* else [RACE] */
    if (!(*c & CELL_CLASS & ~class))
        *c &= ~bytes; /* [DOMINATE] */
    return true;
}

#define STEP_CELLS 16u /* in histories that are stepped without a list */

/* The rule on cells, the latest first. `out` has room for n + 1; the new history is *nout cells from the returned one on.
 * NULL: there is a race. The cells that cover the access, or a part of it, come first, where the fast path looks. */
static const uint32_t *cells_after(struct actor *a, const uint32_t *in, unsigned n, const uint32_t cell,
                                   const bool is_free, uint32_t *out, unsigned *nout)
{
    uint32_t others[STEP_CELLS], left = cell & CELL_BYTES;
    unsigned first = 1, end = 1, nothers = 0;
    for (unsigned i = 0; i < n; i++) {
        uint32_t c = in[i];
        const uint32_t before = left;
        if (c & cell & CELL_BYTES && !cell_meets(a, &c, cell, is_free, &left))
            return NULL;
        if (left != before)
            out[end++] = c;
        else if (c & CELL_BYTES)
            others[nothers++] = c;
    }
    for (unsigned i = 0; i < nothers; i++)
        out[end++] = others[i];
    if (left) {
        /* A loop over bytes is one access. */
        uint32_t fresh = (cell & ~CELL_BYTES) | left;
        unsigned twin = first;
        while (twin < end && (out[twin] ^ fresh) >> 8)
            twin++;
        if (twin < end) {
            fresh |= out[twin];
            for (; twin > first; twin--)
                out[twin] = out[twin - 1];
            first++;
        }
        out[--first] = fresh;
    }
    *nout = end - first;
    return out + first;
}

/* Read one by one, as they were written just now: a larger load would wait for the stores to get to the cache. */
static inline uint64_t two_cells(const uint32_t *c)
{
    return __atomic_load_n(&c[0], __ATOMIC_RELAXED) | (uint64_t)__atomic_load_n(&c[1], __ATOMIC_RELAXED) << 32;
}

/* A granule that is not spilled, before and after; false: it is, or there is a race. `cell`: the access. In one pass, as all
 * cells are in sight of the fast path wherever they stand. */
static inline __attribute__((always_inline)) bool step_in_cells(struct actor *a, union granule *g, const uint32_t cell,
                                                                const bool is_free, union granule seen[2])
{
    for (;;) {
        const union granule from = granule_load(g);
        if (granule_spilled(&from))
            return false;
        uint32_t out[CELLS + 2] = {0}, left = cell & CELL_BYTES, twin = 0;
        unsigned n = 1;
        for (unsigned i = 0; i < CELLS; i++) {
            uint32_t c = (uint32_t)(from.half[i / 2] >> i % 2 * 32);
            if (!c)
                break;
            if (!((c ^ cell) >> 8)) {
                twin = c & CELL_BYTES; /* a loop over bytes is one access */
                continue;
            }
            if (c & cell & CELL_BYTES && !cell_meets(a, &c, cell, is_free, &left))
                return false;
            if (c & CELL_BYTES)
                out[n++] = c;
        }
        left |= twin;
        out[0] = (cell & ~CELL_BYTES) | left;
        if (unlikely(n > CELLS && left))
            return false;
        const uint32_t *after = out + !left;
        const union granule to = {.half = {two_cells(after), two_cells(after + 2)}};
        if (!granule_same(&from, &to)) {
            if (unlikely(!granule_replace(g, &from, &to)))
                continue;
            if (!from.half[0])
                granules_filled(a, 1);
        }
        if (seen) {
            seen[0] = from;
            seen[1] = to;
        }
        return true;
    }
}

/* Waits until the granule is not held, and holds it if it is spilled; false: try again. */
static bool hold(union granule *g, union granule *from)
{
    for (unsigned spins = 1;; spins++) {
        *from = granule_load(g);
        if (likely(!granule_held(from)))
            break;
        if (spins % 64 == 0)
            os_yield();
    }
    if (!granule_spilled(from))
        return true;
    const union granule held = granule_as_held(from);
    return granule_replace(g, from, &held);
}

/* Ends a step that began with hold(): `from` becomes `to`. False: somebody was faster, and it has to begin anew. */
static bool let(struct actor *a, union granule *g, const union granule *from, const union granule *to)
{
    if (granule_spilled(from)) {
        granule_put(g, to);
        return true;
    }
    if (granule_same(from, to) || granule_replace(g, from, to))
        return true;
    if (granule_spilled(to))
        spill_put(&a->spills, history_block(to));
    return false;
}

/* A granule that is spilled, before or after, with cells enough to have a look at; false: it takes a list. */
static __attribute__((noinline)) bool step_in_spill(struct actor *a, union granule *g, const uint32_t cell,
                                                    bool is_free)
{
    union granule from, to;
    bool done;
    do {
        while (!hold(g, &from))
            ;
        uint32_t in[STEP_CELLS], out[STEP_CELLS + 2];
        unsigned n = history_cells(&from, in, STEP_CELLS), m;
        const uint32_t *after = n ? cells_after(a, in, n, cell, is_free, out, &m) : NULL;
        to = from;
        done = after && history_pack_cells(&a->spills, history_block(&from), after, m, &to);
    } while (!let(a, g, &from, &to));
    return done;
}

#define SMALL 24

/* Room for the histories of one step - the old one, the new one, the raced part: on the stack for nearly all, else from
 * the arena. */
struct scratch {
    struct access small[3 * (SMALL + 1)];
    struct access *big;
    uint32_t room; /* elements of big */
    struct access *old;
};

static bool scratch_for(struct scratch *s, uint32_t n, struct transition *t)
{
    struct access *at = s->small;
    if (n > SMALL) {
        if (s->room < 3 * (n + 1)) {
            if (s->big)
                arena_free(s->big, s->room * sizeof *s->big);
            s->room = 3 * (2 * n + 1);
            s->big = arena_alloc(s->room * sizeof *s->big);
            if (!s->big) {
                s->room = 0;
                return false;
            }
        }
        at = s->big;
    }
    s->old = at;
    t->list = at + n + 1;
    t->raced = t->list + n + 1;
    return true;
}

/* Makes the fast path look away from the bytes of the list that are party to a race, and see the actor's others. True when
 * something changed. */
static bool restamp(struct actor *a, struct transition *t)
{
    bool changed = false;
    for (uint32_t i = 0; i < t->n; i++) {
        struct access *x = &t->list[i];
        uint32_t number;
        if (x->meta & META_DISTRUST || !x->stamp)
            continue;
        const uint32_t meta = stamp_meta(x->meta);
        if (meta_mask(x->meta) & t->raced_bytes)
            number = stamp_distrusted(&a->stamps, x->who, x->stack, meta);
        else if (x->who != a->who || cell_current(a, x->stamp << CELL_STAMP_SHIFT) ||
                 !(number = stamp_of(&a->stamps, x->who, x->stack, meta)))
            continue;
        if (meta_mask(x->meta) & t->raced_bytes)
            x->meta |= META_DISTRUST;
        x->stamp = number;
        changed = true;
    }
    return changed;
}

static __attribute__((noinline)) void step_in_list(struct actor *a, union granule *g, uintptr_t addr,
                                                   const struct access *now)
{
    struct scratch scratch;
    struct transition t;
    union granule from, to;

    scratch.big = NULL;
    scratch.room = 0;
    do {
        while (!hold(g, &from))
            ;
        const uint32_t n = history_length(&from);
        to = from;
        t.nraces = 0;
        if (likely(scratch_for(&scratch, n, &t))) {
            history_list(&from, scratch.old);
            race_transition(a, scratch.old, n, now, &t);
            bool changed = t.changed;
            changed |= restamp(a, &t);
            if (changed && !history_pack(&a->spills, history_block(&from), t.list, t.n, &to))
                to = from;
        } else {
            history_lost();
        }
    } while (!let(a, g, &from, &to));

    if (unlikely(t.nraces)) {
        __atomic_fetch_add(&races, t.nraces, __ATOMIC_RELAXED);
        if (a->reports_held)
            keep(a, addr, now, &t);
        else
            report(a, addr, now, t.raced, t.nraces);
    }
    if (scratch.big)
        arena_free(scratch.big, scratch.room * sizeof *scratch.big);
}

__attribute__((noinline)) void race_step(struct actor *a, union granule *g, uintptr_t addr, uint32_t what, uintptr_t pc,
                                         union granule seen[2])
{
    const uint32_t stack = call_child(a, pc), locks = lockset_now(a) << META_LOCKS_SHIFT;
    const uint32_t number = stamp_of(&a->stamps, a->who, stack, stamp_meta(what) | locks);
    const uint32_t cell = number << CELL_STAMP_SHIFT | cell_class(meta_kind(what)) | meta_mask(what);
    const bool is_free = meta_kind(what) == ACCESS_FREE;
    if (unlikely(!number || !(step_in_cells(a, g, cell, is_free, seen) || step_in_spill(a, g, cell, is_free)))) {
        const struct access now = {a->who, stack, what | locks, number};
        step_in_list(a, g, addr, &now);
    }
    if (unlikely(__atomic_load_n(&collection_wanted, __ATOMIC_RELAXED)))
        pause_set(a, PAUSE_COLLECT);
}
