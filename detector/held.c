/* The locks that an actor holds, in the order in which it took them; lock.h. An actor's list is its own. */
#include "foreign.h"
#include "lock_nesting.h"
#include "lock_predict.h"
#include "order.h"
#include "record.h"

static inline uint64_t mix(uint64_t id, bool exclusive)
{
    uint64_t h = (id << 1 | exclusive) * 0x9fb21c651e98df25u;
    return h ^ h >> 29;
}

/* One whose object has gone meanwhile, or was taken from the holder, is not held. */
static inline bool is_held(const struct held *h)
{
    return !h->lock || lock_is(h->lock, h->id);
}

static inline void drop(struct actor *a, struct held *h)
{
    const unsigned left = a->nheld - 1;
    a->held_hash -= mix(h->id, h->exclusive);
    a->nheld = left;
    a->lockset = left ? UINT32_MAX : 0;
    for (struct held *last = a->held + left; unlikely(h < last); h++)
        h[0] = h[1];
}

struct held *held_find(const struct actor *a, uintptr_t addr)
{
    for (unsigned i = a->nheld; i-- > 0;)
        if (a->held[i].addr == addr && is_held(&a->held[i]))
            return &a->held[i];
    return NULL;
}

/* Before a lock is taken: those that are not held any more go from the list. True: `a` holds it already, and now once more. */
static __attribute__((noinline)) bool again(struct actor *a, uintptr_t addr)
{
    for (unsigned i = a->nheld; i-- > 0;)
        if (!is_held(&a->held[i]))
            drop(a, &a->held[i]);
    struct held *h = held_find(a, addr);
    if (h)
        h->depth++;
    return h != NULL;
}

static __attribute__((noinline)) bool more_room(struct actor *a)
{
    unsigned max = a->held_max ? a->held_max * 2 : 1;
    struct held *bigger = arena_grow(a->held, a->held_max * sizeof *bigger, max * sizeof *bigger);
    if (!bigger)
        return false;
    a->held = bigger;
    a->held_max = max;
    return true;
}

/* l->odd, of one that is being taken: the lock, which may be another object now, or NULL; ... */
static __attribute__((noinline)) struct lock *take_odd(struct actor *a, struct lock *l, unsigned how)
{
    if (l->destroyed) /* made anew by an initializer: libc would have refused it otherwise */
        l = lock_anew(a, l->addr, (enum thing)(how >> HOW_THING_SHIFT));
    if (!l)
        return NULL;
    if (how & HOW_EXCLUSIVE)
        l->inherited = false;
    if (l->orphan) {
        arena_free(l->orphan, sizeof *l->orphan);
        l->orphan = NULL;
    }
    return l;
}

/* ... and what follows, outside of the core. */
static __attribute__((noinline)) void taken_odd(struct actor *a, struct lock *l, unsigned how, uint32_t stack, uintptr_t pc)
{
    const bool handled = l->in_handlers && !(how & HOW_IN_HANDLER);
    if (l->copied_id)
        lock_used(a, l->addr, (enum thing)(how >> HOW_THING_SHIFT), pc);
    if (handled && host.unblocked && host.unblocked(l->in_handlers))
        misuse_of_handler(a, l, stack);
}

struct lock *lock_expected(uintptr_t addr)
{
    return lock_in_chain(lock_chain(addr), addr);
}

void lock_got_expected(struct actor *a, struct lock *l, uintptr_t addr, unsigned how, uintptr_t pc)
{
    const uint32_t stack = context_stack_here(a, pc);
    if (unlikely(!actor_enter(a)))
        return;
    for (unsigned i = 0; i < a->nheld; i++)
        if (unlikely(a->held[i].addr == addr || !is_held(&a->held[i]))) {
            if (again(a, addr)) {
                actor_leave(a);
                return;
            }
            break;
        }
    record(a, TRACE_GOT, addr, how, pc);
    if (unlikely(!l || __atomic_load_n(&l->addr, __ATOMIC_ACQUIRE) != addr))
        l = lock_at(addr, (enum thing)(how >> HOW_THING_SHIFT));
    const bool odd = l && l->odd;
    if (unlikely(odd))
        l = take_odd(a, l, how);
    if (likely(l != NULL)) {
        if (how & HOW_EXCLUSIVE)
            __atomic_store_n(&l->owner, a, __ATOMIC_RELAXED);
        if (unlikely(how & HOW_WRITERS_FIRST))
            lock_order_written(a, l);
        if (a->nheld) {
            if (!(how & HOW_TRY))
                lock_order_taken(a, l, how, stack);
            else if (!host.no_order)
                lock_told_inside(a);
        }
        flow_taken(a, l); /* after the request, which was without it */
        if (unlikely(odd && l->guards_condition))
            order_acquire(a, addr);
    }
    if (likely(a->nheld < a->held_max) || more_room(a)) {
        struct held *n = &a->held[a->nheld++];
        n->addr = addr;
        n->lock = l;
        n->id = l ? l->id : 0;
        n->stack = stack;
        n->depth = 1;
        n->exclusive = how & HOW_EXCLUSIVE;
        n->green = how & HOW_GREEN;
        n->thing = (uint8_t)(how >> HOW_THING_SHIFT);
        a->held_hash += mix(n->id, how & HOW_EXCLUSIVE);
        nesting_prefetch(a, l);
        a->lockset = UINT32_MAX;
    }
    actor_leave(a);
    if (unlikely(a->cycles != NULL))
        lock_order_report(a);
    if (unlikely(odd) && l)
        taken_odd(a, l, how, stack, pc);
}

void lock_got(struct actor *a, uintptr_t addr, unsigned how, uintptr_t pc)
{
    lock_got_expected(a, NULL, addr, how, pc);
}

void lock_missed(struct actor *a, uintptr_t addr, unsigned how, uintptr_t pc)
{
    if (!a->nheld)
        return;
    uint32_t stack = context_stack_here(a, pc);
    if (!actor_enter(a))
        return;
    struct lock *l = held_find(a, addr) ? NULL : lock_at(addr, (enum thing)(how >> HOW_THING_SHIFT));
    if (l)
        lock_order_taken(a, l, how, stack);
    actor_leave(a);
    if (a->cycles)
        lock_order_report(a);
}

bool lock_gone(struct actor *a, uintptr_t addr)
{
    if (unlikely(!actor_enter(a)))
        return true;
    struct held *h = likely(a->nheld) ? &a->held[a->nheld - 1] : NULL;
    if (unlikely(!h || h->addr != addr || !is_held(h)))
        h = held_find(a, addr);
    if (!h || h->depth == 1)
        record(a, TRACE_GONE, addr, 0, 0);
    if (likely(h != NULL) && likely(--h->depth == 0)) {
        struct lock *l = h->lock;
        const bool exclusive = h->exclusive;
        if (likely(l != NULL)) {
            const uint64_t id = h->id;
            flow_given(a, l, exclusive);
            if (unlikely(l->guards_condition))
                order_release(a, addr);
            if (exclusive)
                __atomic_store_n(&l->owner, NULL, __ATOMIC_RELAXED);
            a->given_last = l;
            a->given_last_id = id;
        }
        drop(a, h);
    }
    actor_leave(a);
    return h != NULL;
}

void held_inherited(struct actor *a)
{
    for (unsigned i = 0; i < a->nheld; i++)
        if (a->held[i].lock && lock_is(a->held[i].lock, a->held[i].id))
            a->held[i].lock->inherited = a->held[i].lock->odd = true;
}

void held_orphaned(struct actor *a, bool forked)
{
    for (unsigned i = 0; i < a->nheld; i++) {
        struct held *h = &a->held[i];
        struct lock *l = h->lock;
        if (!l || !lock_is(l, h->id) || l->owner != a)
            continue;
        struct orphan *o = arena_alloc(sizeof *o);
        if (o) {
            *o = (struct orphan){.stack = h->stack, .forked = forked};
            actor_describe_live(a, &o->by);
        }
        l->orphan = o;
        l->odd = true;
        __atomic_store_n(&l->owner, NULL, __ATOMIC_RELAXED);
    }
    if (a->held)
        arena_free(a->held, a->held_max * sizeof *a->held);
    a->held = NULL;
    a->nheld = a->held_max = 0;
    a->held_hash = 0;
    a->lockset = 0;
}
