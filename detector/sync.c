/* See sync.h. */
#include "sync.h"

#include "lock.h"
#include "order.h"
#include "places.h"
#include "record.h"

#define CHAIN_BITS 17
#define CHAINS (1u << CHAIN_BITS)

static struct chain {
    struct oslock lock;
    struct sync *first;
    uint64_t version; /* written with the lock */
} * chains;

static uint32_t *pages; /* places.h */
static uint64_t lost;
static uint32_t begetting; /* objects; atomic */

bool sync_start(void)
{
    chains = os_reserve(CHAINS * sizeof *chains);
    pages = places_new();
    return chains && pages;
}

static struct chain *chain_of(uint64_t key)
{
    return &chains[places_chain(key, CHAIN_BITS)];
}

struct sync *sync_hold(struct actor *a, uint64_t key, bool make)
{
    struct chain *c = chain_of(key);
    os_lock(&c->lock);
    struct sync *s = c->first;
    while (s && s->key != key)
        s = s->next;
    if (s || !make)
        return s;
    s = pool_get(&a->stocks->syncs, sizeof *s);
    if (!s) {
        lost++;
        return NULL;
    }
    *s = (struct sync){.key = key, .next = c->first, .released = WHO_NOBODY};
    __atomic_store_n(&c->first, s, __ATOMIC_RELEASE); /* tells_nothing */
    __atomic_fetch_add(places_page(pages, key), 1, __ATOMIC_RELAXED);
    return s;
}

bool sync_maybe(uint64_t key)
{
    return places_maybe(pages, key);
}

static void let_changed(struct chain *c)
{
    __atomic_store_n(&c->version, c->version + 1, __ATOMIC_RELAXED); /* read by sync_is_still */
    os_unlock(&c->lock);
}

void sync_let(uint64_t key)
{
    let_changed(chain_of(key));
}

void sync_let_same(uint64_t key)
{
    os_unlock(&chain_of(key)->lock);
}

uint64_t sync_version(uint64_t key)
{
    return chain_of(key)->version;
}

bool sync_is_still(uint64_t key, uint64_t version)
{
    struct chain *c = chain_of(key);
    /* The lock first: whoever gives it up has written the version before (let_changed). */
    return !__atomic_load_n(&c->lock.held, __ATOMIC_ACQUIRE) &&
           __atomic_load_n(&c->version, __ATOMIC_ACQUIRE) == version;
}

void sync_join_into(struct actor *a, const struct sync *s)
{
    if (s->released != WHO_NOBODY && actor_knows(a, s->released))
        return;
    actor_learn(a, &s->clock);
}

/* The epoch that a publication has just made known. */
static who_t published(const struct actor *a)
{
    if (a->forgetful)
        return WHO_NOBODY;
    uint32_t slot = who_slot(a->who);
    return who_pack(slot, vclock_get(&a->clock, slot));
}

void sync_set(struct actor *a, struct sync *s)
{
    vclock_copy(&s->clock, actor_publish(a), &a->stocks->nodes);
    s->released = published(a);
}

void sync_merge(struct actor *a, struct sync *s)
{
    const struct vclock *c = actor_publish(a);
    bool all_of_it = !s->clock.root || (s->released != WHO_NOBODY && actor_knows(a, s->released));
    if (all_of_it) {
        vclock_copy(&s->clock, c, &a->stocks->nodes);
        s->released = published(a);
    } else {
        vclock_join(&s->clock, c, &a->stocks->nodes);
        s->released = WHO_NOBODY;
    }
}

void sync_drop_heads(struct actor *a, struct sync *s)
{
    while (s->heads) {
        struct head *h = s->heads;
        s->heads = h->next;
        vclock_clear(&h->clock, &a->stocks->nodes);
        arena_free(h, sizeof *h);
    }
    s->heads_lost = false;
}

static void drop(struct actor *a, struct sync *s)
{
    vclock_clear(&s->clock, &a->stocks->nodes);
    vclock_clear(&s->order, &a->stocks->nodes);
    vclock_clear(&s->flow, &a->stocks->nodes);
    sync_drop_heads(a, s);
    if (s->begets)
        __atomic_fetch_sub(&begetting, 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(places_page(pages, s->key), 1, __ATOMIC_RELAXED);
    pool_put(&a->stocks->syncs, s, sizeof *s);
}

struct range {
    struct actor *a;
    uint64_t lo, hi;
};

static void forget_in_chain(uint32_t chain, void *range)
{
    const struct range *r = range;
    struct chain *c = &chains[chain];
    if (!__atomic_load_n(&c->first, __ATOMIC_RELAXED))
        return;
    os_lock(&c->lock);
    for (struct sync **at = &c->first; *at;) {
        struct sync *s = *at;
        if (s->key < r->lo || s->key >= r->hi) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        drop(r->a, s);
    }
    let_changed(c);
}

void sync_forget_range(struct actor *a, uintptr_t addr, size_t size)
{
    struct range r = {a, addr, addr + size};
    places_visit(pages, CHAIN_BITS, addr, size, forget_in_chain, &r);
}

/* The clock of the object, if there is one, tells `a` nothing: found without a write to anything shared. False says nothing. */
static inline bool tells_nothing(const struct actor *a, uint64_t key)
{
    const struct chain *c = chain_of(key);
    const uint64_t version = __atomic_load_n(&c->version, __ATOMIC_ACQUIRE);
    const struct sync *s = __atomic_load_n(&c->first, __ATOMIC_ACQUIRE); /* never unmapped */
    if (s) {
        const who_t released = __atomic_load_n(&s->released, __ATOMIC_ACQUIRE);
        if (s->key != key || released == WHO_NOBODY || !actor_knows(a, released))
            return false;
    }
    return sync_is_still(key, version);
}

/* always: in every schedule, so in the other order as well. */
static void acquire(struct actor *a, uint64_t key, bool always)
{
    if (!actor_enter(a))
        return;
    if (always)
        record(a, TRACE_ACQUIRE, key, 0, 0);
    if (!(a->pause & PAUSE_SOLO) && (always || !tells_nothing(a, key))) {
        struct sync *s = sync_hold(a, key, false);
        if (s && !host.no_races)
            sync_join_into(a, s);
        if (s && always)
            order_into(a, s);
        sync_let_same(key);
    }
    actor_leave(a);
}

/* how: to the clock that races are found by; order: to the other one (order.h), or NULL: a lock's, which is told as such. */
static void release(struct actor *a, uint64_t key, enum trace_kind kind, void (*how)(struct actor *, struct sync *),
                    void (*order)(struct actor *, struct sync *))
{
    if (!actor_enter(a))
        return;
    if (order)
        record(a, kind, key, 0, 0);
    /* Alone, whatever is released is known to everybody who can ever come. */
    if (!(a->pause & PAUSE_SOLO)) {
        struct sync *s = sync_hold(a, key, true);
        if (s && !host.no_races)
            how(a, s);
        if (s && order)
            order(a, s);
        sync_let(key);
        if (unlikely(vclock_failed))
            detector_off("out of memory for clocks; running on without detection");
    }
    actor_leave(a);
}

void sync_acquire(struct actor *a, uint64_t key)
{
    acquire(a, key, true);
}

void sync_release(struct actor *a, uint64_t key)
{
    release(a, key, TRACE_RELEASE, sync_set, order_out);
}

void sync_release_merge(struct actor *a, uint64_t key)
{
    release(a, key, TRACE_MERGE, sync_merge, order_out);
}

static void hand_off(struct actor *a, struct sync *s)
{
    sync_join_into(a, s);
    sync_set(a, s);
}

static void hand_off_order(struct actor *a, struct sync *s)
{
    order_into(a, s);
    order_out(a, s);
}

static void begets(struct actor *a, uint64_t key, bool yes, uint32_t stack)
{
    if (!actor_enter(a))
        return;
    struct sync *s = sync_hold(a, key, yes);
    if (s && s->begets != yes)
        __atomic_fetch_add(&begetting, yes ? 1u : -1u, __ATOMIC_RELAXED);
    if (s) {
        s->begets = yes;
        s->begets_at = stack;
    }
    sync_let(key);
    actor_leave(a);
}

void sync_begets(struct actor *a, uint64_t key, uint32_t stack)
{
    begets(a, key, true, stack);
}

void sync_begets_not(struct actor *a, uint64_t key)
{
    begets(a, key, false, 0);
}

void sync_take_context(struct actor *a, uint64_t key)
{
    if (!actor_enter(a))
        return;
    struct sync *s = sync_hold(a, key, false);
    a->context = s ? s->begets_at : 0;
    sync_let_same(key);
    actor_leave(a);
}

void sync_floor(uint64_t *floor, uint32_t slots)
{
    if (begetting == 0)
        return;
    struct vclock_floor f;
    vclock_floor_begin(&f, floor, slots);
    for (uint32_t i = 0; i < CHAINS; i++)
        for (struct sync *s = chains[i].first; s; s = s->next)
            if (s->begets)
                vclock_floor_add(&f, &s->clock);
    vclock_floor_end(&f);
}

static void merge_atomic(struct actor *a, struct sync *s)
{
    s->atomic = true;
    sync_merge(a, s);
}

void sync_release_atomic(struct actor *a, uintptr_t addr)
{
    release(a, addr, TRACE_MERGE, merge_atomic, order_out);
}

static void mark_atomic(struct actor *a, struct sync *s)
{
    (void)a;
    s->atomic = true;
}

void sync_mark_atomic(struct actor *a, uintptr_t addr)
{
    release(a, addr, TRACE_MERGE, mark_atomic, NULL);
}

bool sync_is_atomic(struct actor *a, uintptr_t addr)
{
    if (!sync_maybe(addr) || !actor_enter(a))
        return false;
    const struct sync *s = sync_hold(a, addr, false);
    const bool is = s && s->atomic;
    sync_let_same(addr);
    actor_leave(a);
    return is;
}

void sync_handoff(struct actor *a, uint64_t key)
{
    release(a, key, TRACE_HANDOFF, hand_off, hand_off_order);
}

void lock_acquire_clock(struct actor *a, uint64_t key)
{
    acquire(a, key, false);
}

void lock_release_clock(struct actor *a, uint64_t key)
{
    release(a, key, TRACE_RELEASE, sync_set, NULL);
}

void lock_release_merge_clock(struct actor *a, uint64_t key)
{
    release(a, key, TRACE_MERGE, sync_merge, NULL);
}

void sync_forget(struct actor *a, uint64_t key)
{
    if (!actor_enter(a))
        return;
    sync_forget_range(a, key, 1);
    actor_leave(a);
}

void sync_each_clock(void (*visit)(const struct vclock *c, void *ctx), void *ctx)
{
    for (uint32_t i = 0; i < CHAINS; i++)
        for (struct sync *s = chains[i].first; s; s = s->next) {
            visit(&s->clock, ctx);
            for (const struct head *h = s->heads; h; h = h->next)
                visit(&h->clock, ctx);
        }
}

uint64_t syncs_lost(void)
{
    return lost;
}
