/* Races on their way to the host: described as findings, told once, kept while a lock is held. */
#include "access.h"
#include "finding.h"
#include "heap.h"
#include "lockset.h"
#include "race.h"

static uint64_t races, repeats; /* atomic */

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
#define TOLD 65536
static uint64_t told[TOLD]; /* atomic */

static bool was_told(const struct access *now, const struct access *x)
{
    uint32_t a = now->stack * 8 + meta_kind(now->meta), b = x->stack * 8 + meta_kind(x->meta);
    uint64_t pair = a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
    uint64_t *slot = &told[pair * 0x9e3779b97f4a7c15u >> 48];
    return __atomic_exchange_n(slot, pair, __ATOMIC_RELAXED) == pair;
}

/* The earlier sides of races on their way to the host: a collection that comes meanwhile leaves what they refer to. */
struct handing {
    struct handing *outer; /* a signal handler may come, with a race of its own */
    const struct access *raced;
    uint32_t n;
};

static struct raced side_of(uintptr_t granule, const struct access *x, uint32_t common)
{
    struct finding_access f;
    describe_bytes(&f, granule, (x->meta & ~META_MASK) | common);
    return (struct raced){f.addr, f.size, (unsigned)f.kind, x->stack, x->who};
}

static enum finding_tier ask(struct actor *a, uintptr_t granule, const struct access *now, const struct access *x)
{
    const uint32_t common = now->meta & x->meta & META_MASK;
    const struct raced side[2] = {side_of(granule, now, common), side_of(granule, x, common)};
    actor_leave(a);
    const enum finding_tier tier = host.raced(a, side);
    actor_enter(a);
    return tier;
}

/* The actor is inside, and is so afterwards; the host is called outside of the core: it may take its time, and run the
 * program's code. Out of line and only for races: a finding takes a kilobyte and a half of stack. */
static __attribute__((noinline)) void report(struct actor *a, uintptr_t granule, const struct access *now,
                                             const struct access *raced, uint32_t n)
{
    struct finding f;
    struct handing handing = {a->stocks->handing, raced, n};
    a->stocks->handing = &handing;
    for (uint32_t i = 0; i < n; i++) {
        const struct access *x = &raced[i];
        const enum finding_tier tier = host.raced ? ask(a, granule, now, x) : TIER_HAPPENED;
        if (tier == TIER_NONE)
            continue;
        if (was_told(now, x)) {
            __atomic_fetch_add(&repeats, 1, __ATOMIC_RELAXED);
            continue;
        }
        zero_bytes(&f, sizeof f);
        f.kind = FINDING_RACE;
        f.tier = tier;
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
        finding_hand_over(a, &f);
        actor_enter(a);
    }
    a->stocks->handing = handing.outer;
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

static void keep(struct actor *a, uintptr_t granule, const struct access *now, const struct access *raced, uint32_t n)
{
    struct pending_races *p = arena_alloc(sizeof *p + n * sizeof *raced);
    if (!p)
        return;
    *p = (struct pending_races){.next = a->stocks->pending, .granule = granule, .now = *now, .n = n};
    for (uint32_t i = 0; i < n; i++)
        p->raced[i] = raced[i];
    a->stocks->pending = p;
}

void races_report(struct actor *a, uintptr_t granule, const struct access *now, const struct access *raced, uint32_t n)
{
    __atomic_fetch_add(&races, n, __ATOMIC_RELAXED);
    if (a->reports_held)
        keep(a, granule, now, raced, n);
    else
        report(a, granule, now, raced, n);
}

void races_hand_over(struct actor *a)
{
    while (unlikely(a->stocks->pending != NULL)) {
        struct pending_races *p = a->stocks->pending;
        a->stocks->pending = p->next;
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
    if (!a->stocks)
        return;
    for (const struct handing *h = a->stocks->handing; h; h = h->outer)
        mark_names(h->raced, h->n);
    for (const struct pending_races *p = a->stocks->pending; p; p = p->next)
        mark_names(p->raced, p->n);
}
