/* See lock.h. */
#include "lock.h"

#include "lock_predict.h"
#include "naming.h"
#include "order.h"
#include "places.h"
#include "record.h"

struct lock *lock_chains;

static struct chain {
    struct oslock lock;
    bool used; /* atomic; something is, or was, in it */
} *chains;
static uint32_t *pages; /* places.h */
static uint64_t ids;    /* atomic */
static struct oslock free_lock;
static struct lock *unused; /* free_lock */

bool lock_start(void)
{
    lock_chains = os_reserve(sizeof *lock_chains << LOCK_CHAIN_BITS);
    chains = os_reserve(sizeof *chains << LOCK_CHAIN_BITS);
    pages = places_new();
    return lock_chains && chains && pages;
}

struct lock *lock_find(uintptr_t addr)
{
    const uint32_t chain = lock_chain(addr);
    struct lock *l = lock_in_chain(chain, addr);
    if (l || !places_maybe(pages, addr))
        return l;
    os_lock(&chains[chain].lock);
    l = lock_in_chain(chain, addr);
    os_unlock(&chains[chain].lock);
    return l;
}

static struct lock *take_node(void)
{
    os_lock(&free_lock);
    struct lock *l = unused;
    if (l)
        unused = l->next;
    os_unlock(&free_lock);
    return l ? l : arena_alloc(sizeof *l);
}

/* With the chain's lock. It is found when all else of it is there. */
static struct lock *put(uint32_t chain, uintptr_t addr, enum thing thing)
{
    struct lock *first = &lock_chains[chain], *l = first->addr ? take_node() : first;
    if (!l)
        return NULL;
    struct lock *const next = first->next; /* before: *l may be the first */
    zero_bytes(l, sizeof *l);              /* an assignment is a call of memcpy with clang */
    l->next = next;
    l->thing = thing;
    __atomic_store_n(&l->id, __atomic_add_fetch(&ids, 1, __ATOMIC_RELAXED), __ATOMIC_RELEASE);
    __atomic_store_n(&l->addr, addr, __ATOMIC_RELEASE);
    if (l != first)
        __atomic_store_n(&first->next, l, __ATOMIC_RELEASE);
    __atomic_store_n(&chains[chain].used, true, __ATOMIC_RELAXED);
    places_count(pages, addr, 1);
    return l;
}

struct lock *lock_make(uintptr_t addr, enum thing thing)
{
    const uint32_t chain = lock_chain(addr);
    os_lock(&chains[chain].lock);
    struct lock *l = lock_in_chain(chain, addr);
    if (!l && addr)
        l = put(chain, addr, thing);
    os_unlock(&chains[chain].lock);
    return l;
}

/* What is asked of the objects in a range. */
struct range {
    struct actor *a;
    uintptr_t lo, hi;
    uintptr_t *found;
    int n, max;
};

static bool in_range(const struct range *r, const struct lock *l)
{
    return l->addr && l->addr >= r->lo && l->addr < r->hi;
}

static bool begin(uint32_t chain)
{
    if (!__atomic_load_n(&chains[chain].used, __ATOMIC_RELAXED))
        return false;
    os_lock(&chains[chain].lock);
    return true;
}

static void end(uint32_t chain)
{
    os_unlock(&chains[chain].lock);
}

/* Nobody finds it any more. */
static void forget(struct actor *a, struct lock *l)
{
    places_count(pages, l->addr, -1);
    __atomic_store_n(&l->id, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&l->addr, 0, __ATOMIC_RELEASE);
    lock_order_forget(l);
    if (l->orphan)
        arena_free(l->orphan, sizeof *l->orphan);
    if (l->destroyer)
        arena_free(l->destroyer, sizeof *l->destroyer);
    vclock_clear(&l->flow, &a->stocks->nodes);
}

static void forget_in_chain(uint32_t chain, void *range)
{
    const struct range *r = range;
    if (!begin(chain))
        return;
    struct lock *const first = &lock_chains[chain];
    if (in_range(r, first))
        forget(r->a, first);
    for (struct lock **at = &first->next; *at;) {
        struct lock *l = *at;
        if (!in_range(r, l)) {
            at = &l->next;
            continue;
        }
        __atomic_store_n(at, l->next, __ATOMIC_RELEASE);
        forget(r->a, l);
        os_lock(&free_lock);
        __atomic_store_n(&l->next, unused, __ATOMIC_RELEASE);
        unused = l;
        os_unlock(&free_lock);
    }
    end(chain);
}

static void maybe_held_in_chain(uint32_t chain, void *range)
{
    struct range *r = range;
    if (!begin(chain))
        return;
    for (const struct lock *l = &lock_chains[chain]; l && r->n < r->max; l = l->next)
        if (in_range(r, l) && held_maybe(l))
            r->found[r->n++] = l->addr;
    end(chain);
}

static void all_in_chain(uint32_t chain, void *range)
{
    struct range *r = range;
    if (!begin(chain))
        return;
    for (const struct lock *l = &lock_chains[chain]; l && r->n < r->max; l = l->next) {
        bool twice = false;
        for (int i = 0; i < r->n; i++)
            twice |= r->found[i] == l->addr;
        if (in_range(r, l) && !twice)
            r->found[r->n++] = l->addr;
    }
    end(chain);
}

/* Nobody keeps locks that are copied, or held when they are freed, in the middle of so much. */
static bool too_much(size_t size)
{
    return size / LOCK_LINE >> LOCK_CHAIN_BITS;
}

static bool somebody_holds(const struct lock *l)
{
    uint32_t stack;
    if (!held_maybe(l))
        return false;
    os_lock(&actors_lock);
    const bool holds = held_by(l, &stack) != NULL;
    os_unlock(&actors_lock);
    return holds;
}

#define MAYBE 16 /* locks of a range that are looked at, of those that may be held */

uintptr_t locks_held_in(uintptr_t addr, size_t size)
{
    uintptr_t found[MAYBE];
    struct range r = {.lo = addr, .hi = addr + size, .found = found, .max = MAYBE};
    if (!too_much(size))
        places_visit(pages, LOCK_LINE, LOCK_CHAIN_BITS, addr, size, maybe_held_in_chain, &r);
    for (int i = 0; i < r.n; i++) {
        const struct lock *l = lock_find(found[i]);
        if (l && somebody_holds(l))
            return found[i];
    }
    return 0;
}

int locks_in(uintptr_t addr, size_t size, uintptr_t *found, int max)
{
    struct range r = {.lo = addr, .hi = addr + size, .found = found, .max = max};
    if (!too_much(size))
        places_visit(pages, LOCK_LINE, LOCK_CHAIN_BITS, addr, size, all_in_chain, &r);
    return r.n;
}

bool locks_maybe(uintptr_t addr, size_t size)
{
    if (size >= OS_PAGE * 64)
        return true;
    for (uintptr_t page = addr & ~(OS_PAGE - 1); page < addr + size; page += OS_PAGE)
        if (places_maybe(pages, page))
            return true;
    return false;
}

void locks_forget(struct actor *a, uintptr_t addr, size_t size)
{
    struct range r = {.a = a, .lo = addr, .hi = addr + size};
    naming_forget(addr, size);
    places_visit(pages, LOCK_LINE, LOCK_CHAIN_BITS, addr, size, forget_in_chain, &r);
}

struct lock *lock_anew(struct actor *a, uintptr_t addr, enum thing thing)
{
    locks_forget(a, addr, 1);
    return lock_at(addr, thing);
}

/* ---- verbs --------------------------------------------------------------------------------------------------------- */

void lock_disowned(struct actor *a, uintptr_t addr)
{
    if (!actor_enter(a))
        return;
    struct lock *l = lock_find(addr);
    if (l) {
        __atomic_store_n(&l->owner, NULL, __ATOMIC_RELAXED);
        __atomic_store_n(&l->id, __atomic_add_fetch(&ids, 1, __ATOMIC_RELAXED), __ATOMIC_RELEASE);
    }
    actor_leave(a);
}

void lock_made(struct actor *a, uintptr_t addr, enum thing thing, uintptr_t pc)
{
    uint32_t stack = context_stack(a, pc);
    if (!actor_enter(a))
        return;
    struct lock *l = lock_find(addr);
    bool held = l && !l->inherited && somebody_holds(l);
    actor_leave(a);
    if (held)
        misuse(a, MISUSE_INIT_LOCKED, thing, addr, NULL, pc);
    if (!actor_enter(a))
        return;
    locks_forget(a, addr, 1);
    if ((l = lock_at(addr, thing)))
        l->made = stack;
    actor_leave(a);
}

void lock_guards_condition(struct actor *a, uintptr_t addr)
{
    if (!actor_enter(a))
        return;
    struct lock *l = NULL;
    if (addr)
        l = lock_at(addr, THING_MUTEX);
    else if (a->nheld)
        l = a->held[a->nheld - 1].lock;
    else if (a->held && a->held->lock && lock_is(a->held->lock, a->held->id))
        l = a->held->lock; /* given up last */
    if (l && !l->guards_condition) {
        l->guards_condition = l->odd = true;
        /* What was before the signal was before the unlock that nobody has noted. */
        order_release(a, l->addr);
    }
    actor_leave(a);
}
