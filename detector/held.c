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

static __attribute__((noinline)) void move_behind(struct held *h, struct held *last)
{
    const struct held dropped = *h;
    for (; h < last; h++)
        h[0] = h[1];
    *last = dropped;
}

/* It is the one behind the list from now on. */
static inline void drop(struct actor *a, struct held *h)
{
    const unsigned left = a->nheld - 1;
    struct held *last = a->held + left;
    a->held_hash -= h->hash;
    a->nheld = left;
    a->lockset = left ? UINT32_MAX : 0;
    if (unlikely(h < last))
        move_behind(h, last);
}

struct held *held_find(const struct actor *a, uintptr_t addr)
{
    for (unsigned i = a->nheld; i-- > 0;)
        if (a->held[i].addr == addr && is_held(&a->held[i]))
            return &a->held[i];
    return NULL;
}

static bool may_have(const struct lock *l, int tid)
{
    return !host.mutex_taken || host.mutex_taken(l->addr, tid);
}

void held_own_up(struct actor *a)
{
    for (unsigned i = 0; i < a->nheld; i++) {
        const struct held *h = &a->held[i];
        struct lock *l = h->lock;
        if (!l || !h->exclusive || !lock_is(l, h->id) || __atomic_load_n(&l->owner, __ATOMIC_RELAXED))
            continue;
        /* It may have been given up by code that is not seen, and be another one's; over a fork the thread has another number. */
        if (actor_green(a) || l->inherited || may_have(l, actor_tid(a)))
            __atomic_store_n(&l->owner, a, __ATOMIC_RELAXED);
    }
}

/* `o` may be taking and giving up locks meanwhile: found is what it holds all the while, and nothing that it did not hold at some
 * moment of it. From the last to the first, as those above one that is given up move down. */
static bool holds(const struct actor *o, const struct lock *l, uint32_t *stack)
{
    struct held *list = __atomic_load_n(&o->held, __ATOMIC_ACQUIRE);
    if (!list)
        return false;
    for (unsigned i = __atomic_load_n(&o->nheld, __ATOMIC_ACQUIRE); i-- > 0;) {
        const struct held *h = &list[i];
        const bool found = __atomic_load_n(&h->addr, __ATOMIC_ACQUIRE) == l->addr && h->exclusive && is_held(h);
        const uint32_t there = h->stack;
        if (unlikely(__atomic_load_n(&o->held, __ATOMIC_ACQUIRE) != list))
            return holds(o, l, stack); /* it has another one, and this may be anybody's */
        if (found) {
            *stack = there;
            return true;
        }
    }
    return false;
}

bool held_maybe(const struct lock *l)
{
    return __atomic_load_n(&l->owner, __ATOMIC_RELAXED) || (l->thing == THING_MUTEX && may_have(l, 0));
}

struct actor *held_by(const struct lock *l, uint32_t *stack)
{
    struct actor *o = __atomic_load_n(&l->owner, __ATOMIC_RELAXED);
    if (o) {
        const struct held *h = held_find(o, l->addr);
        *stack = h ? h->stack : 0;
        return o;
    }
    if (!held_maybe(l))
        return NULL;
    for (o = actors_newest; o && (o->ended || !holds(o, l, stack)); o = o->older)
        ;
    return o;
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

#define HELD_LINES 4u
_Static_assert(HELD_LINES * sizeof(struct held) % 64 == 0, "cache lines");

static __attribute__((noinline)) bool more_room(struct actor *a)
{
    /* A thread's are whole cache lines from the start: another one's beside them would be written as often. */
    const unsigned before = a->held_max, max = before ? before * 2 : a->light ? 1 : HELD_LINES;
    struct held *bigger = max == 1 ? pool_get(&a->stocks->held, sizeof *bigger)
                                   : arena_grow(a->held, before * sizeof *bigger, max * sizeof *bigger);
    if (!bigger)
        return false;
    __atomic_store_n(&a->held, bigger, __ATOMIC_RELEASE);
    a->held_max = max;
    return true;
}

/* What a thread's lock was given up as may still be asked for (lock_guards_condition). */
void held_lend_back(struct actor *a)
{
    if (a->nheld || a->held_max != 1 || !a->held->green)
        return;
    struct held *room = a->held;
    __atomic_store_n(&a->held, NULL, __ATOMIC_RELEASE);
    a->held_max = 0;
    pool_put(&a->stocks->held, room, sizeof *room);
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
static __attribute__((noinline)) void taken_odd(struct actor *a, struct lock *l, unsigned how, uint32_t stack,
                                                uintptr_t pc)
{
    const bool handled = l->in_handlers && !(how & HOW_IN_HANDLER);
    if (l->copied_id)
        lock_used(a, l->addr, (enum thing)(how >> HOW_THING_SHIFT), pc);
    if (handled && host.unblocked && host.unblocked(l->in_handlers))
        misuse_of_handler(a, l, stack);
}

/* l: what is at addr, or NULL: not found. */
static __attribute__((noinline)) void got(struct actor *a, struct lock *l, uintptr_t addr, unsigned how, uintptr_t pc,
                                          uint32_t stack)
{
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
    if (unlikely(!l))
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
        a->held_hash += n->hash = mix(n->id, how & HOW_EXCLUSIVE);
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
    got(a, NULL, addr, how, pc, context_stack_here(a, pc));
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

/* ---- what nearly every mutex does, without a call: all else, and what is in doubt, is left to the above, which begin anew --- */

/* It does not hold `l` yet, and all that it holds is held. */
static inline __attribute__((always_inline)) bool new_inside(const struct actor *a, uintptr_t addr)
{
    for (unsigned i = 0; i < a->nheld; i++)
        if (unlikely(a->held[i].addr == addr || !is_held(&a->held[i])))
            return false;
    return true;
}

/* To take `l` as well is settled, or noted, and settled from now on. */
static bool noted_inside(struct actor *a, const struct lock *l)
{
    const uint64_t now = settled_now(a);
    return nesting_otherwise_settled(a, now, l->id, HOW_EXCLUSIVE) ||
           nesting_noted(a, nesting_find(a, nesting_key(a, l->id, HOW_EXCLUSIVE)), now, l->id, HOW_EXCLUSIVE);
}

/* The same by trylock, which is noted of what it holds (lock_told_inside). */
static inline bool known_tried(const struct actor *a, uintptr_t addr)
{
    for (unsigned i = 0; i < a->nheld; i++) {
        const struct held *h = &a->held[i];
        if (unlikely(h->addr == addr || !is_held(h) || !h->exclusive || !h->lock || !lock_is_inside(h->lock, a)))
            return false;
    }
    return true;
}

/* It is held, behind n others. */
static inline __attribute__((always_inline)) void hold(struct actor *a, struct lock *l, uintptr_t addr, uint32_t stack,
                                                       unsigned n)
{
    if (unlikely(l->owner != NULL)) /* of one who has lost it */
        __atomic_store_n(&l->owner, NULL, __ATOMIC_RELAXED);
    struct held *h = &a->held[n];
    a->nheld = n + 1;
    h->addr = addr; /* one by one: an assignment clears first what it then writes */
    h->lock = l;
    h->id = l->id;
    h->stack = stack;
    h->depth = 1;
    h->exclusive = true;
    h->green = false;
    h->thing = THING_MUTEX;
    a->held_hash += h->hash = mix(h->id, true);
    a->lockset = UINT32_MAX;
}

/* There is nothing but to hold it, but for what it is taken under, and what it tells: `a`, who is inside, holds n others. */
static inline __attribute__((always_inline)) bool got_quietly(const struct actor *a, const struct lock *l, unsigned n)
{
    return likely(!actor_called(a)) && likely(!record_on) && likely(n != a->held_max) && likely(!l->odd);
}

static __attribute__((noinline)) void got_further(struct actor *a, struct lock *l, uintptr_t addr, uintptr_t pc,
                                                  uintptr_t sp, uint32_t stack)
{
    const unsigned n = a->nheld;
    a->inside = 1;
    compiler_barrier();
    if (stack && l && got_quietly(a, l, n) && !flow_tells(l, a) &&
        (n ? new_inside(a, addr) && noted_inside(a, l) : !flow_outside(a))) {
        hold(a, l, addr, stack, n);
        actor_leave(a);
        return;
    }
    if (!stack) {
        actor_leave(a);
        stack = foreign_stack(a, pc, sp);
    }
    got(a, l, addr, HOW(THING_MUTEX, HOW_EXCLUSIVE), pc, stack);
}

static HOT __attribute__((noinline)) void got_inside(struct actor *a, struct lock *l, uintptr_t addr, uintptr_t pc,
                                                     uintptr_t sp, uint32_t stack)
{
    if (unlikely(!new_inside(a, addr)) || unlikely(!nesting_settled_again(a, l->id))) {
        got_further(a, l, addr, pc, sp, stack);
        return;
    }
    hold(a, l, addr, stack, a->nheld);
    actor_leave(a);
}

/* Calls nothing but at its end, and has no frame, so that the usual way saves no registers. */
HOT void lock_got_mutex(struct actor *a, struct lock *place, uintptr_t addr, uintptr_t pc)
{
    const uintptr_t sp = (uintptr_t)__builtin_dwarf_cfa();
    const uint32_t stack = foreign_known(a, pc, sp);
    struct lock *l = place;
    if (unlikely(__atomic_load_n(&l->addr, __ATOMIC_ACQUIRE) != addr))
        l = lock_in_place(__atomic_load_n(&l->next, __ATOMIC_ACQUIRE), addr);
    if (unlikely(!stack) || unlikely(!l))
        goto further;
    const unsigned n = a->nheld;
    a->inside = 1;
    compiler_barrier();
    if (unlikely(!got_quietly(a, l, n)) || unlikely(!flow_old(l, a, &a->flow)))
        goto further;
    if (n) {
        got_inside(a, l, addr, pc, sp, stack);
        return;
    }
    if (unlikely(flow_outside(a)))
        goto further;
    hold(a, l, addr, stack, 0);
    actor_leave(a);
    return;
further:
    got_further(a, l, addr, pc, sp, stack);
}

static HOT __attribute__((noinline)) void tried_inside(struct actor *a, uintptr_t addr, uintptr_t pc)
{
    struct lock *const l = lock_in_place(lock_place(addr), addr);
    const uint32_t stack = context_stack_here(a, pc);
    const unsigned n = a->nheld;
    a->inside = 1;
    compiler_barrier();
    if (unlikely(!l || !got_quietly(a, l, n) || flow_tells(l, a) || !known_tried(a, addr))) {
        got(a, l, addr, HOW(THING_MUTEX, HOW_EXCLUSIVE | HOW_TRY), pc, stack);
        return;
    }
    hold(a, l, addr, stack, n);
    actor_leave(a);
}

HOT void lock_tried_mutex(struct actor *a, uintptr_t addr, uintptr_t pc)
{
    if (a->nheld)
        tried_inside(a, addr, pc);
    else /* no order follows from it, however it was taken */
        lock_got_mutex(a, lock_place(addr), addr, pc);
}

static __attribute__((noinline)) bool gone(struct actor *a, uintptr_t addr)
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
            flow_given(a, l, exclusive);
            if (unlikely(l->guards_condition))
                order_release(a, addr);
            if (exclusive && l->owner)
                __atomic_store_n(&l->owner, NULL, __ATOMIC_RELAXED);
        }
        drop(a, h);
    }
    actor_leave(a);
    return h != NULL;
}

/* h is given up, and nothing but what flow_tell does is to be done for it. */
static inline __attribute__((always_inline)) bool gone_quietly(struct actor *a, const struct held *h, uintptr_t addr,
                                                               bool inside)
{
    struct lock *l = h->lock;
    if (unlikely(h->addr != addr) || unlikely(!l) || unlikely(h->depth != 1) || unlikely(!h->exclusive))
        return false;
    if (unlikely(!lock_is(l, h->id)) || unlikely(l->guards_condition) || unlikely(flow_leaves(a, l)))
        return false;
    if (inside && unlikely(!flow_old(l, a, &a->section)) && flow_stays(l, a))
        return false;
    flow_tell(a, l, inside, false);
    if (unlikely(l->owner != NULL))
        __atomic_store_n(&l->owner, NULL, __ATOMIC_RELAXED);
    return true;
}

/* Others are held as well; it need not be the one that was taken last. */
static HOT __attribute__((noinline)) bool gone_inside(struct actor *a, uintptr_t addr)
{
    struct held *h = &a->held[a->nheld - 1];
    while (unlikely(h->addr != addr) && h > a->held)
        h--;
    if (unlikely(!gone_quietly(a, h, addr, true)))
        return gone(a, addr);
    drop(a, h);
    actor_leave(a);
    return true;
}

HOT bool lock_gone(struct actor *a, uintptr_t addr)
{
    const unsigned n = a->nheld;
    a->inside = 1;
    compiler_barrier();
    if (unlikely(!n) || unlikely(actor_called(a)) || unlikely(record_on))
        goto further;
    if (n > 1)
        return gone_inside(a, addr);
    if (unlikely(!gone_quietly(a, a->held, addr, false)))
        goto further;
    a->held_hash = 0;
    a->nheld = 0;
    a->lockset = 0;
    actor_leave(a);
    return true;
further:
    return gone(a, addr);
}

static bool stays_with_parent(const struct held *h)
{
    return host.shared && host.shared(h->addr);
}

void held_inherited(struct actor *a)
{
    for (unsigned i = a->nheld; i-- > 0;) {
        struct held *h = &a->held[i];
        if (!h->lock || !lock_is(h->lock, h->id))
            continue;
        if (!stays_with_parent(h)) {
            h->lock->inherited = h->lock->odd = true;
            continue;
        }
        if (h->exclusive)
            __atomic_store_n(&h->lock->owner, NULL, __ATOMIC_RELAXED);
        drop(a, h);
    }
}

void held_orphaned(struct actor *a, bool forked)
{
    for (unsigned i = 0; i < a->nheld; i++) {
        struct held *h = &a->held[i];
        struct lock *l = h->lock;
        if (!l || !lock_is(l, h->id) || !h->exclusive || (l->owner && l->owner != a))
            continue;
        struct orphan *o = forked && stays_with_parent(h) ? NULL : arena_alloc(sizeof *o);
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
