/* See owner.h. */
#include "owner.h"

/* Waits until the actor of `slot` takes no step in `page`. Whoever got the slot since is as good: it has not begun one
 * without looking at the page's word. */
static void await(uint32_t slot, uintptr_t page)
{
    for (;;) {
        os_lock(&actors_lock);
        const struct actor *owner = actor_of_slot(slot);
        bool stepping = owner && __atomic_load_n(&owner->stepping, __ATOMIC_ACQUIRE) == page;
        os_unlock(&actors_lock);
        if (!stepping)
            return;
        os_yield();
    }
}

/* `word`: as it was before it became PAGE_TAKEN. */
static uint32_t take(struct actor *a, uint32_t word, uintptr_t page)
{
    os_barrier_all();
    await((word & PAGE_MINE) - 1, page);
    const uint32_t takes = word / PAGE_TAKE;
    return takes < PAGE_TAKES ? (takes + 1) * PAGE_TAKE + who_slot(a->who) + 1 : PAGE_SHARED;
}

bool page_enter_slow(struct actor *a, uintptr_t addr)
{
    uint32_t *at = page_word(addr);
    const uint32_t mine = who_slot(a->who) + 1;
    unsigned spins = 0;
    for (;;) {
        uint32_t word = __atomic_load_n(at, __ATOMIC_ACQUIRE);
        if (word == PAGE_SHARED)
            return false;
        if (word && word != PAGE_TAKEN && (word & PAGE_MINE) == mine) {
            a->stepping = addr >> PAGE_SHIFT;
            compiler_barrier();
            if (__atomic_load_n(at, __ATOMIC_RELAXED) == word)
                return true;
        }
        a->stepping = 0;
        if (word == PAGE_TAKEN) {
            if (++spins % 16 == 0)
                os_yield();
        } else if (!word) {
            __atomic_compare_exchange_n(at, &word, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
        } else if ((word & PAGE_MINE) != mine &&
                   __atomic_compare_exchange_n(at, &word, PAGE_TAKEN, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            __atomic_store_n(at, take(a, word, addr >> PAGE_SHIFT), __ATOMIC_RELEASE);
        }
    }
}
