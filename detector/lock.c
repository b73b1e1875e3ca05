/* See lock.h. */
#include "lock.h"

#include "lock_predict.h"
#include "naming.h"
#include "order.h"
#include "record.h"

#define LINE_SHIFT 6
#define CHAIN_BITS 16
#define CHAINS (1u << CHAIN_BITS)
#define PAGES (1u << 16)

static struct chain {
    struct oslock lock;
    struct lock *first;
} * chains;

static uint32_t *page_count; /* objects by hashed page; atomic */
static uint64_t ids;         /* atomic */
static struct oslock free_lock;
static struct lock *unused; /* free_lock */

bool lock_start(void)
{
    chains = os_reserve(CHAINS * sizeof *chains);
    page_count = os_reserve(PAGES * sizeof *page_count);
    return chains && page_count;
}

/* Objects of one line share a chain, as in sync.c, so that a freed block need not ask for every address in it. */
static struct chain *chain_of(uintptr_t addr)
{
    return &chains[(addr >> LINE_SHIFT) * 0x9e3779b97f4a7c15u >> (64 - CHAIN_BITS)];
}

static uint32_t *page_of(uintptr_t addr)
{
    return &page_count[(addr >> 12) * 0x9e3779b97f4a7c15u >> (64 - 16)];
}

static struct lock *find(const struct chain *c, uintptr_t addr)
{
    struct lock *l = __atomic_load_n(&c->first, __ATOMIC_ACQUIRE);
    while (l && __atomic_load_n(&l->addr, __ATOMIC_ACQUIRE) != addr)
        l = __atomic_load_n(&l->next, __ATOMIC_ACQUIRE);
    return l;
}

struct lock *lock_find(uintptr_t addr)
{
    struct chain *c = chain_of(addr);
    struct lock *l = find(c, addr);
    if (l || !__atomic_load_n(page_of(addr), __ATOMIC_RELAXED))
        return l;
    os_lock(&c->lock);
    l = find(c, addr);
    os_unlock(&c->lock);
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

static __attribute__((noinline)) struct lock *made(struct chain *c, uintptr_t addr, enum thing thing)
{
    struct lock *l;
    os_lock(&c->lock);
    l = find(c, addr);
    if (!l && (l = take_node())) {
        *l = (struct lock){.next = c->first, .addr = addr, .thing = thing};
        __atomic_store_n(&l->id, __atomic_add_fetch(&ids, 1, __ATOMIC_RELAXED), __ATOMIC_RELEASE);
        __atomic_store_n(&c->first, l, __ATOMIC_RELEASE);
        __atomic_fetch_add(page_of(addr), 1, __ATOMIC_RELAXED);
    }
    os_unlock(&c->lock);
    return l;
}

struct lock *lock_at(uintptr_t addr, enum thing thing)
{
    struct chain *c = chain_of(addr);
    struct lock *l = find(c, addr);
    return likely(l != NULL) ? l : made(c, addr, thing);
}

static void forget_in_chain(struct actor *a, struct chain *c, uintptr_t lo, uintptr_t hi)
{
    if (!__atomic_load_n(&c->first, __ATOMIC_RELAXED))
        return;
    os_lock(&c->lock);
    for (struct lock **at = &c->first; *at;) {
        struct lock *l = *at;
        if (l->addr < lo || l->addr >= hi) {
            at = &l->next;
            continue;
        }
        __atomic_store_n(at, l->next, __ATOMIC_RELEASE);
        __atomic_fetch_sub(page_of(l->addr), 1, __ATOMIC_RELAXED);
        __atomic_store_n(&l->id, 0, __ATOMIC_RELEASE);
        __atomic_store_n(&l->addr, 0, __ATOMIC_RELEASE);
        lock_order_forget(l);
        if (l->orphan)
            arena_free(l->orphan, sizeof *l->orphan);
        if (l->destroyer)
            arena_free(l->destroyer, sizeof *l->destroyer);
        vclock_clear(&l->flow, &a->stocks->nodes);
        os_lock(&free_lock);
        __atomic_store_n(&l->next, unused, __ATOMIC_RELEASE);
        unused = l;
        os_unlock(&free_lock);
    }
    os_unlock(&c->lock);
}

static uintptr_t held_in_chain(struct chain *c, uintptr_t lo, uintptr_t hi)
{
    uintptr_t found = 0;
    if (!__atomic_load_n(&c->first, __ATOMIC_RELAXED))
        return 0;
    os_lock(&c->lock);
    for (struct lock *l = c->first; l && !found; l = l->next)
        if (l->addr >= lo && l->addr < hi && __atomic_load_n(&l->owner, __ATOMIC_RELAXED))
            found = l->addr;
    os_unlock(&c->lock);
    return found;
}

uintptr_t locks_held_in(uintptr_t addr, size_t size)
{
    const uintptr_t line = (uintptr_t)1 << LINE_SHIFT;
    uintptr_t found = 0;
    if (size / line > CHAINS)
        return 0; /* nobody keeps locks in the middle of so much */
    for (uintptr_t l = addr & ~(line - 1); l < addr + size && !found; l += line)
        if (__atomic_load_n(page_of(l), __ATOMIC_RELAXED))
            found = held_in_chain(chain_of(l), addr, addr + size);
    return found;
}

int locks_in(uintptr_t addr, size_t size, uintptr_t *found, int max)
{
    const uintptr_t line = (uintptr_t)1 << LINE_SHIFT;
    int n = 0;
    if (size / line > CHAINS)
        return 0; /* nobody copies locks in the middle of so much */
    for (uintptr_t at = addr & ~(line - 1); at < addr + size; at += line) {
        struct chain *c = chain_of(at);
        if (!__atomic_load_n(page_of(at), __ATOMIC_RELAXED) || !__atomic_load_n(&c->first, __ATOMIC_RELAXED))
            continue;
        os_lock(&c->lock);
        for (const struct lock *l = c->first; l && n < max; l = l->next)
            if (l->addr >= addr && l->addr < addr + size && l->addr - at < line)
                found[n++] = l->addr;
        os_unlock(&c->lock);
    }
    return n;
}

bool locks_maybe(uintptr_t addr, size_t size)
{
    if (size >= OS_PAGE * 64)
        return true;
    for (uintptr_t page = addr & ~(OS_PAGE - 1); page < addr + size; page += OS_PAGE)
        if (__atomic_load_n(page_of(page), __ATOMIC_RELAXED))
            return true;
    return false;
}

struct lock *lock_anew(struct actor *a, uintptr_t addr, enum thing thing)
{
    forget_in_chain(a, chain_of(addr), addr, addr + 1);
    return lock_at(addr, thing);
}

void locks_forget(struct actor *a, uintptr_t addr, size_t size)
{
    const uintptr_t end = addr + size, line = (uintptr_t)1 << LINE_SHIFT;
    naming_forget(addr, size);
    if (size / line > CHAINS) { /* fewer chains than lines to ask for */
        for (uint32_t i = 0; i < CHAINS; i++)
            forget_in_chain(a, &chains[i], addr, end);
        return;
    }
    for (uintptr_t page = addr & ~(OS_PAGE - 1); page < end; page += OS_PAGE) {
        if (!__atomic_load_n(page_of(page), __ATOMIC_RELAXED))
            continue;
        uintptr_t lo = page > addr ? page : addr;
        uintptr_t hi = page + OS_PAGE < end ? page + OS_PAGE : end;
        for (uintptr_t l = lo & ~(line - 1); l < hi; l += line)
            forget_in_chain(a, chain_of(l), lo, hi);
    }
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
    bool held = l && __atomic_load_n(&l->owner, __ATOMIC_RELAXED) && !l->inherited;
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
    else if (a->given_last && lock_is(a->given_last, a->given_last_id))
        l = a->given_last;
    if (l && !l->guards_condition) {
        l->guards_condition = true;
        /* What was before the signal was before the unlock that nobody has noted. */
        order_release(a, l->addr);
    }
    actor_leave(a);
}
