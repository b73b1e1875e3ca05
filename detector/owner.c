/* See owner.h. */
#include "owner.h"

#define GROUP_PAGES ((uintptr_t)512) /* as many are taken at once */

/* For a page's `since`: an actor's accesses, in units of which PAGE_LONG is many. */
#define SINCE_SHIFT 12
static uint32_t since_of(const struct actor *a)
{
    return (uint32_t)(a->accesses >> SINCE_SHIFT);
}

/* Waits until the actor of `slot` takes no step in the pages [first, end); its accesses so far, 0 when there is none. Whoever got the slot
 * since is as good: it has not begun one without looking at the page's word. */
static uint32_t await(uint32_t slot, uintptr_t first, uintptr_t end)
{
    for (;;) {
        os_lock(&actors_lock);
        const struct actor *owner = actor_of_slot(slot);
        const struct stocks *its = owner ? owner->stocks : NULL;
        const uintptr_t page = its ? __atomic_load_n(&its->stepping, __ATOMIC_ACQUIRE) : 0;
        const uint32_t now = owner ? since_of(owner) : 0;
        os_unlock(&actors_lock);
        if (page < first || page >= end)
            return now;
        os_yield();
    }
}

/* Takes the page of `addr`, whose word is PAGE_TAKEN already and was `word`; and, like it for the first time, what its owner has of the
 * pages around. Not again: where actors work beside each other, one that looks at all takes what the others would then have to take back
 * page by page, until all are shared. */
static void take(struct actor *a, uint32_t word, uintptr_t addr)
{
    const uintptr_t page = addr >> PAGE_SHIFT, n = word & PAGE_TAKES ? 1 : GROUP_PAGES, first = page & ~(n - 1);
    const union granule *g = granule_at(first << PAGE_SHIFT);
    uint32_t was[GROUP_PAGES];
    for (uintptr_t i = 0; i < n; i++) {
        uint32_t *at = shadow_page(g, first << PAGE_SHIFT) + i;
        was[i] = first + i == page ? word : __atomic_load_n(at, __ATOMIC_RELAXED);
        if (first + i != page && (was[i] != word || !__atomic_compare_exchange_n(at, &was[i], PAGE_TAKEN, false,
                                                                                 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)))
            was[i] = 0;
    }
    os_barrier_all();
    const uint32_t now = await((word >> PAGE_SLOT_SHIFT) - 1, first, first + n);
    for (uintptr_t i = 0; i < n; i++) {
        uint32_t *at = shadow_page(g, first << PAGE_SHIFT) + i, *since = shadow_page_since(at);
        if (!was[i])
            continue;
        const uint32_t takes = now - *since < PAGE_LONG >> SINCE_SHIFT ? was[i] & PAGE_TAKES : 0;
        *since = since_of(a->stocks->owner);
        __atomic_store_n(at, takes < PAGE_TAKES ? page_of(a) | (takes + 1) : PAGE_SHARED, __ATOMIC_RELEASE);
    }
}

/* The page's granules are about to be written, most of them read first: reading what was never written maps the zero page, and a
 * write after that interrupts all CPUs that the process runs on. */
static void populate(const union granule *g, uintptr_t addr)
{
    const uintptr_t at = addr & ((1u << PAGE_SHIFT) - GRANULE);
    uint64_t *granules = (uint64_t *)((uintptr_t)g - at / GRANULE * sizeof *g);
    for (size_t i = 0; i < (1u << PAGE_SHIFT) / GRANULE * sizeof *g / sizeof *granules; i += OS_PAGE / sizeof *granules)
        __atomic_fetch_or(&granules[i], 0, __ATOMIC_RELAXED);
}

bool page_enter_slow(struct actor *a, uintptr_t addr)
{
    const union granule *g = granule_at(addr);
    uint32_t *at = shadow_page(g, addr);
    for (unsigned spins = 1; !page_enter_fast(a, g, addr); spins++) {
        uint32_t word = __atomic_load_n(at, __ATOMIC_ACQUIRE);
        if (word == PAGE_SHARED)
            return false;
        if (word == PAGE_TAKEN) {
            if (spins % 16 == 0)
                os_yield();
        } else if (word <= PAGE_WAS_SHARED) {
            populate(g, addr);
            if (__atomic_compare_exchange_n(at, &word, PAGE_TAKEN, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
                *shadow_page_since(at) = since_of(a->stocks->owner);
                __atomic_store_n(at, page_of(a) | word, __ATOMIC_RELEASE);
            }
        } else if ((word ^ page_of(a)) > PAGE_TAKES &&
                   __atomic_compare_exchange_n(at, &word, PAGE_TAKEN, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            take(a, word, addr);
        }
    }
    return true;
}
