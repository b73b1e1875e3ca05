/* See sync.h. */
#include "sync.h"

#include "lock.h"
#include "order.h"
#include "record.h"

#define CHAINS (1u << SYNC_CHAIN_BITS)

struct sync_chain *sync_chains;

uint32_t *sync_pages;
uint64_t *sync_marks;

static uint64_t lost;
static uint32_t begetting; /* objects; atomic */

bool sync_start(void)
{
    sync_chains = os_reserve(CHAINS * sizeof *sync_chains);
    sync_pages = places_new();
    sync_marks = os_reserve(((size_t)1 << SYNC_MARK_BITS) / 8);
    return sync_chains && sync_pages && sync_marks;
}

/* The chain is held. The object is held from the start. */
static struct sync *make_object(struct actor *a, struct sync_chain *c, uint64_t key)
{
    struct sync *s = sync_node_new(&a->stocks->syncs);
    if (!s) {
        lost++;
        return NULL;
    }
    s->clock.root = NULL;
    s->released = WHO_NOBODY;
    s->heads = 0;
    s->told = NULL;
    s->heads_lost = s->begets = s->atomic = s->guard = false;
    __atomic_store_n(&s->next, c->first, __ATOMIC_RELEASE);
    __atomic_store_n(&s->key, key, __ATOMIC_RELEASE);
    __atomic_store_n(&c->first, s, __ATOMIC_RELEASE);
    places_count(sync_pages, key, 1);
    return s;
}

struct sync *sync_hold_slow(struct actor *a, uint64_t key, bool make)
{
    struct sync_chain *c = sync_chain(key);
    turn_take(&c->turn);
    struct sync *s = sync_in_chain(c, key);
    if (s) {
        turn_take(&s->turn); /* who has it wants no chain */
        turn_give(&c->turn, false);
    } else if (make && (s = make_object(a, c, key))) {
        turn_give(&c->turn, true);
    }
    return s;
}

/* ---- clocks -------------------------------------------------------------------------------------------------------- */

static bool raise(struct vclock *clock, who_t who, struct vclock_stock *stock)
{
    if (who == WHO_NOBODY || vclock_get(clock, who_slot(who)) >= who_epoch(who))
        return false;
    vclock_set(clock, who_slot(who), who_epoch(who), stock);
    return true;
}

void sync_settle(struct vclock *clock, who_t released, struct vclock_stock *stock)
{
    raise(clock, released, stock);
}

void sync_learn(struct actor *a, const struct sync *s)
{
    actor_learn(a, &s->clock);
    if (!actor_told(a, s->released) && raise(&a->clock, s->released, &a->stocks->nodes)) {
        a->news = true;
        actor_touch(a);
    }
}

/* The object's clock becomes the actor's, as that is. One that has just learnt something will do so again, and then have a clock that
 * it need not share; else it is shared, and that is all until somebody learns something. */
static void take_clock(struct actor *a, struct sync *s)
{
    if (a->news)
        vclock_copy_apart(&s->clock, &a->clock, &a->stocks->nodes);
    else
        vclock_share(&s->clock, &a->clock, &a->stocks->nodes);
    a->news = false;
}

void sync_set_clock(struct actor *a, struct sync *s)
{
    if (unlikely(a->forgetful || s->begets)) {
        vclock_copy(&s->clock, actor_publish(a), &a->stocks->nodes);
        s->released = WHO_NOBODY;
        return;
    }
    take_clock(a, s);
    s->released = actor_tell(a);
}

void sync_merge(struct actor *a, struct sync *s)
{
    const bool nothing = !s->clock.root && s->released == WHO_NOBODY;
    if (nothing || (s->released != WHO_NOBODY && actor_knows(a, s->released))) {
        sync_set(a, s);
    } else {
        sync_settle(&s->clock, s->released, &a->stocks->nodes);
        vclock_join(&s->clock, actor_publish(a), &a->stocks->nodes);
        s->released = WHO_NOBODY;
    }
}

void sync_drop_heads(struct actor *a, struct sync *s)
{
    for (struct head *h = sync_heads(s), *next; h; h = next) {
        next = h->next;
        vclock_clear(&h->clock, &a->stocks->nodes);
        arena_free(h, sizeof *h);
    }
    s->heads = 0;
    s->heads_lost = false;
}

struct told *sync_told(struct sync *s)
{
    if (!s->told && (s->told = arena_alloc(sizeof *s->told)))
        zero_bytes(s->told, sizeof *s->told);
    return s->told;
}

void sync_drop_told(struct actor *a, struct sync *s)
{
    if (!s->told)
        return;
    vclock_clear(&s->told->order, &a->stocks->nodes);
    vclock_clear(&s->told->flow, &a->stocks->nodes);
    arena_free(s->told, sizeof *s->told);
    s->told = NULL;
}

/* It is in no chain any more, and held. */
static void drop(struct actor *a, struct sync *s)
{
    vclock_clear(&s->clock, &a->stocks->nodes);
    sync_drop_told(a, s);
    sync_drop_heads(a, s);
    if (s->begets)
        __atomic_fetch_sub(&begetting, 1, __ATOMIC_RELAXED);
    places_count(sync_pages, s->key, -1);
    sync_node_end(&a->stocks->syncs, s);
}

struct range {
    struct actor *a;
    uint64_t lo, hi;
};

static void forget_in_chain(uint32_t chain, void *range)
{
    const struct range *r = range;
    struct sync_chain *c = &sync_chains[chain];
    if (!__atomic_load_n(&c->first, __ATOMIC_RELAXED))
        return;
    turn_take(&c->turn);
    for (struct sync **at = &c->first; *at;) {
        struct sync *s = *at;
        if (s->key < r->lo || s->key >= r->hi) {
            at = &s->next;
            continue;
        }
        turn_take(&s->turn);
        __atomic_store_n(at, s->next, __ATOMIC_RELEASE);
        drop(r->a, s);
    }
    turn_give(&c->turn, true);
}

void sync_forget_range(struct actor *a, uintptr_t addr, size_t size)
{
    struct range r = {a, addr, addr + size};
    places_visit(sync_pages, SYNC_LINE, SYNC_CHAIN_BITS, addr, size, forget_in_chain, &r);
}

/* The object, if there is one, tells `a` nothing: found without a write to anything shared. False says nothing. always: nor for the
 * order of locks. */
static inline __attribute__((always_inline)) bool tells_nothing(const struct actor *a, uint64_t key, bool always)
{
    const struct sync_chain *c = sync_chain(key);
    const uint64_t version = turn_look(&c->turn);
    const struct sync *s = sync_in_chain(c, key);
    if (!s)
        return turn_is_still(&c->turn, version);
    const uint64_t its = turn_look(&s->turn);
    const who_t released = __atomic_load_n(&s->released, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&s->key, __ATOMIC_ACQUIRE) != key || released == WHO_NOBODY || !actor_knows(a, released) ||
        (always && __atomic_load_n(&s->told, __ATOMIC_ACQUIRE)))
        return false;
    return turn_is_still(&s->turn, its);
}

/* always: in every schedule, so in the other order as well. */
static __attribute__((noinline)) void acquire(struct actor *a, uint64_t key, bool always)
{
    if (!actor_enter(a))
        return;
    if (always)
        record(a, TRACE_ACQUIRE, key, 0, 0);
    if (!(a->pause & PAUSE_SOLO) && !tells_nothing(a, key, always)) {
        struct sync *s = sync_hold(a, key, false);
        if (s && !host.no_races)
            sync_join_into(a, s);
        if (s && always)
            order_into(a, s);
        sync_let(s, key, false);
    }
    actor_leave(a);
}

/* how: to the clock that races are found by; order: to the other one (order.h), or NULL: a lock's, which is told as such. */
static inline __attribute__((always_inline)) void release_as(struct actor *a, uint64_t key, enum trace_kind kind,
                                                             void (*how)(struct actor *, struct sync *),
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
        sync_let(s, key, true);
        if (unlikely(vclock_failed))
            detector_off("out of memory for clocks; running on without detection");
    }
    actor_leave(a);
}

static __attribute__((noinline)) void release(struct actor *a, uint64_t key, enum trace_kind kind,
                                              void (*how)(struct actor *, struct sync *),
                                              void (*order)(struct actor *, struct sync *))
{
    release_as(a, key, kind, how, order);
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

void sync_release_chance(struct actor *a, uint64_t key)
{
    release(a, key, TRACE_MERGE, sync_merge, order_out_chance);
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
    if (s && yes)
        sync_settle(&s->clock, s->released, &a->stocks->nodes);
    sync_let(s, key, true);
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
    sync_let(s, key, false);
    actor_leave(a);
}

static void floor_of(const struct sync *s, void *floor)
{
    if (s->begets)
        vclock_floor_add(floor, &s->clock);
}

void sync_floor(uint64_t *floor, uint32_t slots)
{
    if (begetting == 0)
        return;
    struct vclock_floor f;
    vclock_floor_begin(&f, floor, slots);
    sync_each(floor_of, &f);
    vclock_floor_end(&f);
}

static void merge_atomic(struct actor *a, struct sync *s)
{
    sync_make_atomic(s);
    sync_merge(a, s);
}

void sync_release_atomic(struct actor *a, uintptr_t addr)
{
    release(a, addr, TRACE_MERGE, merge_atomic, order_out);
}

static void mark_atomic(struct actor *a, struct sync *s)
{
    (void)a;
    sync_make_atomic(s);
}

void sync_mark_atomic(struct actor *a, uintptr_t addr)
{
    release(a, addr, TRACE_MERGE, mark_atomic, NULL);
}

static void mark_guard(struct actor *a, struct sync *s)
{
    (void)a;
    sync_make_atomic(s);
    s->guard = true;
}

void sync_mark_guard(struct actor *a, uintptr_t addr)
{
    release(a, addr, TRACE_MERGE, mark_guard, NULL);
}

struct marks {
    bool atomic, guard;
};

/* False: somebody is at it. Nothing that is shared is written: who waits for another thread to store something looks again and again. */
static bool marks_seen(uintptr_t addr, struct marks *marks)
{
    const struct sync_chain *c = sync_chain(addr);
    const uint64_t version = turn_look(&c->turn);
    const struct sync *s = sync_in_chain(c, addr);
    if (!s)
        return turn_is_still(&c->turn, version);
    const uint64_t its = turn_look(&s->turn);
    *marks =
        (struct marks){__atomic_load_n(&s->atomic, __ATOMIC_ACQUIRE), __atomic_load_n(&s->guard, __ATOMIC_ACQUIRE)};
    return __atomic_load_n(&s->key, __ATOMIC_ACQUIRE) == addr && turn_is_still(&s->turn, its);
}

static __attribute__((noinline)) struct marks marks_held(struct actor *a, uintptr_t addr)
{
    struct marks marks = {false, false};
    if (!actor_enter(a))
        return marks;
    struct sync *s = sync_hold(a, addr, false);
    if (s)
        marks = (struct marks){s->atomic, s->guard};
    sync_let(s, addr, false);
    actor_leave(a);
    return marks;
}

static struct marks marks_of(struct actor *a, uintptr_t addr)
{
    struct marks marks = {false, false};
    return !sync_maybe_atomic(addr) || marks_seen(addr, &marks) ? marks : marks_held(a, addr);
}

bool sync_is_atomic(struct actor *a, uintptr_t addr)
{
    return marks_of(a, addr).atomic;
}

bool sync_is_guard(struct actor *a, uintptr_t addr)
{
    return marks_of(a, addr).guard;
}

void sync_handoff(struct actor *a, uint64_t key)
{
    release(a, key, TRACE_HANDOFF, hand_off, hand_off_order);
}

void lock_acquire_clock(struct actor *a, uint64_t key)
{
    if (!tells_nothing(a, key, false))
        acquire(a, key, false);
}

void lock_release_clock(struct actor *a, uint64_t key)
{
    release_as(a, key, TRACE_RELEASE, sync_set, NULL);
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

struct clock_visit {
    void (*visit)(const struct vclock *c, void *ctx);
    void *ctx;
};

static void clocks_of(const struct sync *s, void *visit)
{
    const struct clock_visit *v = visit;
    v->visit(&s->clock, v->ctx);
    for (const struct head *h = sync_heads(s); h; h = h->next)
        v->visit(&h->clock, v->ctx);
}

void sync_each_clock(void (*visit)(const struct vclock *c, void *ctx), void *ctx)
{
    struct clock_visit v = {visit, ctx};
    sync_each(clocks_of, &v);
}

struct epoch_visit {
    void (*visit)(uint32_t slot, uint64_t epoch, void *ctx);
    void *ctx;
};

static void visit_epoch(const struct epoch_visit *v, who_t who)
{
    if (who != WHO_NOBODY)
        v->visit(who_slot(who), who_epoch(who), v->ctx);
}

static void epochs_of(const struct sync *s, void *visit)
{
    visit_epoch(visit, s->released);
    for (const struct head *h = sync_heads(s); h; h = h->next)
        visit_epoch(visit, h->released);
}

void sync_each_epoch(void (*visit)(uint32_t slot, uint64_t epoch, void *ctx), void *ctx)
{
    struct epoch_visit v = {visit, ctx};
    sync_each(epochs_of, &v);
}

uint64_t syncs_lost(void)
{
    return lost;
}
