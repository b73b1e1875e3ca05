/* Who may change the granules of a page by plain stores.
 *
 * A compare-and-swap on each first access of an epoch costs little by itself, but what comes after it waits for it, and it
 * for all before it: then the misses of one step do not overlap with those of the next. Most pages are worked on by one actor
 * for long. So the first actor that takes a step in a page (4 kB of the program's memory) becomes its owner and changes its
 * granules as if they were its own. Another actor takes the page from it:
 *
 *   owner:   stepping = page; is the page mine? yes: change granules;  stepping = 0
 *   other:   the page's word: PAGE_TAKEN; a barrier in every thread (membarrier(2)); wait until the owner is not
 *            stepping in the page; the page's word: mine
 *
 * After the barrier the owner has either seen the new word, or its `stepping` can be seen: so the owner pays two plain
 * stores. What the owner has of the pages around it is taken with it the first time. A page that was taken a few times is shared
 * from then on, and changed by compare-and-swap; it counts anew when one of its owners had it for long, as where threads hand on what
 * they work on. Collections make all pages nobody's again; one that was shared is so at once when a second actor
 * comes, unless it comes late. (Biased locking: Russell & Detlefs, OOPSLA'06.)
 *
 * The goroutines of a thread act one after the other: what is said here of an actor they are together, and the thread's own
 * actor stands for them (stocks.owner).
 *
 * Nobody waits for a page, nor for anything but the core's own short locks, while stepping in one. */
#ifndef GORACE_OWNER_H
#define GORACE_OWNER_H

#include "actor.h"
#include "shadow.h"

#define PAGE_SHARED 0xffffffffu
#define PAGE_TAKEN 0xfffffffeu
#define PAGE_SLOT_SHIFT 3 /* below it: how often the page was taken */
#define PAGE_TAKES 7u
#define PAGE_LONG (1u << 21) /* accesses by its owner, after which it counts anew */
#define PAGE_WAS_SHARED PAGE_TAKES /* nobody's: who takes it from its next owner shares it again */

static inline uint32_t page_mark(uint32_t slot)
{
    return (slot + 1) << PAGE_SLOT_SHIFT;
}
static inline uint32_t page_of(const struct actor *a)
{
    return a->stocks->page;
}

/* The step in the page of `addr` may begin: its region exists. True: by plain stores; false: by compare-and-swap, and nothing is
 * to be ended. owner.c. */
bool page_enter_slow(struct actor *a, uintptr_t addr);
/* The same for granule g of `addr`, when that needs no waiting; if false, nothing has begun. */
static inline bool page_enter_fast(struct actor *a, const union granule *g, uintptr_t addr)
{
    a->stocks->stepping = addr >> PAGE_SHIFT;
    compiler_barrier();
    const uint32_t word = __atomic_load_n(shadow_page(g, addr), __ATOMIC_RELAXED);
    if (likely((word ^ page_of(a)) <= PAGE_TAKES))
        return true;
    a->stocks->stepping = 0;
    return false;
}
/* Its granules are changed by compare-and-swap, for a while at least: an owner there may be again sees only what was changed before
 * it became one (collections stop everybody). */
static inline bool page_shared(const union granule *g, uintptr_t addr)
{
    return __atomic_load_n(shadow_page(g, addr), __ATOMIC_RELAXED) == PAGE_SHARED;
}
static inline bool page_enter(struct actor *a, const union granule *g, uintptr_t addr)
{
    return page_enter_fast(a, g, addr) || page_enter_slow(a, addr);
}
static inline void page_leave(struct actor *a)
{
    __atomic_store_n(&a->stocks->stepping, 0, __ATOMIC_RELEASE);
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
