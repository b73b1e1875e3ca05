/* FastTrack (Flanagan & Freund, PLDI'09) on interned histories, byte-exact, with nothing evicted.
 *
 * The history of a granule is the set of accesses that are not yet dominated. A new access N of actor a meets every
 * remembered access X with common bytes:
 *   [RACE]      X conflicts with N (kind_conflicts) and a does not know X's epoch: the pair is reported.
 *   [DOMINATE]  a knows X (or made it), and whatever conflicts with X conflicts with N (kind_covered_by): whoever comes
 *               later and is unordered with X is unordered with N, so X's common bytes are forgotten.
 *   otherwise   both stay: unordered readers, atomics, and both sides of a race, so that a third access that races with
 *               either is reported as well.
 *   [SAME EPOCH] bytes of N that an access of the same epoch covers are not added.
 * FastTrack's write epoch, read epoch and read vector are the cases of this; the set has no fixed size. */
#include "race.h"

#include "access.h"
#include "finding.h"
#include "heap.h"
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

static uint64_t races, repeats, lost; /* atomic */

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

uint64_t states_lost(void)
{
    return lost;
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

/* The state of the new history; `held`: the private state that the history was in, whose word is held, or 0. Returns 0
 * when there is no room: the access is then checked, and not remembered, which is counted. */
static uint32_t remember(struct actor *a, uint32_t held, const struct transition *t)
{
    if (held && state_change(held, t->list, t->n))
        return held;
    uint32_t to = state_make(&a->states, t->list, t->n);
    if (unlikely(!to))
        __atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
    return to;
}

/* What the new history covers for the rest of this epoch; bytes with a race are left out, so that every pair is told. */
static shadow_word summarise(struct actor *a, uint32_t state, const struct transition *t)
{
    unsigned reads = 0, writes = 0;
    uint64_t tag = actor_tag(a);
    if (unlikely(!tag))
        return word_pack(state, 0, 0, 0);
    for (uint32_t i = 0; i < t->n; i++) {
        if (t->list[i].who != a->who)
            continue;
        unsigned kind = KIND_BIT(meta_kind(t->list[i].meta));
        if (kind & kind_covered_by(ACCESS_READ))
            reads |= meta_mask(t->list[i].meta);
        if (kind & kind_covered_by(ACCESS_WRITE))
            writes |= meta_mask(t->list[i].meta);
    }
    return word_pack(state, tag, reads & ~t->raced_bytes, writes & ~t->raced_bytes);
}

#define SMALL 24

/* Room for the histories of one step: on the stack for nearly all, else from the arena. */
struct scratch {
    struct access small[2 * (SMALL + 1)];
    struct access *big;
    uint32_t room;
};

static bool scratch_for(struct scratch *s, uint32_t n, struct transition *t)
{
    if (n > SMALL && n > s->room) {
        if (s->big)
            arena_free(s->big, 2 * (s->room + 1) * sizeof *s->big);
        s->room = 2 * n;
        s->big = arena_alloc(2 * (s->room + 1) * sizeof *s->big);
        if (!s->big)
            return false;
    }
    t->list = n > SMALL ? s->big : s->small;
    t->raced = t->list + n + 1;
    return true;
}

__attribute__((noinline)) void race_step(struct actor *a, shadow_word *w, uintptr_t granule, uint32_t what, uintptr_t pc)
{
    struct scratch scratch;
    struct transition t;
    struct access now = {a->who, call_child(a, pc),
                         what | lockset_now(a) << META_LOCKS_SHIFT};
    const shadow_word busy = word_pack(STATE_BUSY, 0, 0, 0);
    shadow_word from, to;
    unsigned spins = 0;

    scratch.big = NULL;
    scratch.room = 0;
    for (;;) {
        from = __atomic_load_n(w, __ATOMIC_RELAXED);
        if (unlikely(from == busy)) {
            if (++spins % 64 == 0)
                os_yield();
            continue;
        }
        uint32_t state = word_state(from);
        bool held = state_is_private(state);
        if (held && !__atomic_compare_exchange_n(w, &from, busy, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            continue;
        uint32_t n;
        const struct access *old = state_list(state, &n);
        to = from;
        t.nraces = 0;
        if (likely(scratch_for(&scratch, n, &t))) {
            race_transition(a, old, n, &now, &t);
            if (likely(t.changed)) {
                uint32_t next = remember(a, held ? state : 0, &t);
                if (likely(next != 0))
                    to = summarise(a, next, &t);
            }
        }
        if (held)
            __atomic_store_n(w, to, __ATOMIC_RELEASE);
        else if (to != from && !__atomic_compare_exchange_n(w, &from, to, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            continue;
        break;
    }

    /* A step into or out of a private state depends on more than the word. A step that changed nothing is good for the
     * rest of the epoch even so: what this epoch has put in cannot be dominated before the epoch is over. */
    if (to == from || !(state_is_private(word_state(from)) || state_is_private(word_state(to))))
        *memo_of(a, pc, from) = (struct memo){memo_what(pc, what), a->gen, a->context, from, to};
    if (unlikely(state_crowded() || tags_crowded()))
        pause_set(a, PAUSE_COLLECT);
    if (unlikely(t.nraces)) {
        __atomic_fetch_add(&races, t.nraces, __ATOMIC_RELAXED);
        if (a->reports_held) {
            keep(a, granule, &now, &t);
        } else {
            report(a, granule, &now, t.raced, t.nraces);
        }
    }
    if (scratch.big)
        arena_free(scratch.big, 2 * (scratch.room + 1) * sizeof *scratch.big);
}
