/* Who may change the granules of a page by plain stores.
 *
 * A compare-and-swap on each first access of an epoch was a third of the time (zstd): not for itself, but because what
 * comes after it waits for it, and it for all stores before it. Most pages are worked on by one actor for long. So the first
 * actor that takes a step in a page (4 kB of the program's memory) becomes its owner and changes its granules as if they
 * were its own. Another actor takes the page from it:
 *
 *   owner:   stepping = page; is the page mine? yes: change granules;  stepping = 0
 *   other:   the page's word: PAGE_TAKEN; a barrier in every thread (membarrier(2)); wait until the owner is not
 *            stepping in the page; the page's word: mine
 *
 * After the barrier the owner has either seen the new word, or its `stepping` can be seen: so the owner pays two plain
 * stores. A page that was taken a few times is shared from then on, and changed by compare-and-swap. Collections make all
 * pages nobody's again. (Biased locking: Russell & Detlefs, OOPSLA'06.)
 *
 * Nobody waits for a page while stepping in one. */
#ifndef GORACE_OWNER_H
#define GORACE_OWNER_H

#include "actor.h"
#include "shadow.h"

#define PAGE_SHARED 0x80000000u
#define PAGE_TAKEN 0x40000000u
#define PAGE_MINE 0xffffffu       /* the owner's slot + 1 */
#define PAGE_TAKE (PAGE_MINE + 1) /* above it: how often the page was taken */
#define PAGE_TAKES 3u             /* a power of two, less 1 */

bool page_enter_slow(struct actor *a, uintptr_t addr);

/* Begins a step in the page of `addr`, whose region exists: true when plain stores will do. */
static inline bool page_enter(struct actor *a, uintptr_t addr)
{
    a->stepping = addr >> PAGE_SHIFT;
    compiler_barrier();
    uint32_t word = __atomic_load_n(page_word(addr), __ATOMIC_RELAXED);
    return likely((word & ~(PAGE_TAKES * PAGE_TAKE)) == who_slot(a->who) + 1) || page_enter_slow(a, addr);
}

static inline void page_leave(struct actor *a)
{
    __atomic_store_n(&a->stepping, 0, __ATOMIC_RELEASE);
}

/* A granule's new value, in a step: false when it is not `from` any more. */
static inline bool granule_change(union granule *g, const union granule *from, const union granule *to, bool mine)
{
    if (likely(mine)) {
        granule_put(g, to);
        return true;
    }
    return granule_replace(g, from, to);
}

#endif
