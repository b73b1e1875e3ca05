/* Accesses of any size and alignment, and everything the fast path does not do itself. */
#include "access.h"
#include "cells.h"
#include "foreign.h"
#include "heap.h"
#include "lock.h"
#include "number.h"
#include "owner.h"
#include "record.h"
#include "sync.h"

static inline __attribute__((always_inline)) bool covered(const struct actor *a, const union granule *g, uint32_t what)
{
    return meta_kind(what) != ACCESS_FREE && cells_cover(a, g, cell_from_meta(what));
}

static unsigned log2_of(size_t size)
{
    return size >= 8 ? 3 : size >= 4 ? 2 : size >= 2 ? 1 : 0;
}

/* One granule, or part of one. */
static void step(struct actor *a, union granule *g, uintptr_t addr, unsigned n, enum access_kind kind, uintptr_t pc)
{
    unsigned at = addr & (GRANULE - 1);
    unsigned mask = ((1u << n) - 1) << at;
    uint32_t what = WHAT(mask, kind, log2_of(n));
    a->accesses++;
    if (!covered(a, g, what))
        race_step(a, g, addr - at, what, pc, NULL);
}

#define NOT_SEEN (~(uint64_t)0) /* no granule has it */

/* So many of the granules, from the first one on, have a cell of the current epoch that covers the access. The actor is inside:
 * nothing takes its epoch away meanwhile. A page in which nobody has taken a step is not to be read (owner.c, populate). */
static size_t covered_first(const struct actor *a, const union granule *g, uintptr_t addr, size_t n,
                            enum access_kind kind)
{
    if (kind == ACCESS_FREE || !__atomic_load_n(shadow_page(g, addr), __ATOMIC_RELAXED))
        return 0;
    const four_cells need = access_need[kind][3][0];
    size_t i = 0;
    while (i < n && any_cell_covers(a, granule_fours(&g[i]), need))
        i++;
    return i;
}

/* Whole granules in one page. Neighbours mostly have the same history: what one step made of it, the next repeats. */
static void stride(struct actor *a, union granule *g, uintptr_t addr, size_t n, enum access_kind kind, uintptr_t pc)
{
    const uint32_t what = WHAT(META_MASK, kind, 3);
    const size_t first = covered_first(a, g, addr, n, kind);
    a->accesses += n;
    if (first == n)
        return;
    union granule seen[2];
    uint32_t generation = 0, filled = 0; /* 0: nothing was seen */
    uint32_t number = number_of(a, pc, what);
    const uint32_t class = cell_from_meta(what) & CELL_CLASS;
    bool mine = page_enter(a, g, addr);
    for (size_t i = first; i < n; i++) {
        const union granule now = granule_load(&g[i]);
        const uint32_t stamp = number << CELL_STAMP_SHIFT;
        if (generation == a->stocks->reserve.generation && granule_same(&now, &seen[0])) {
            if (granule_same(&seen[0], &seen[1]) || granule_change(&g[i], &seen[0], &seen[1], mine)) {
                filled += granule_empty(&now);
                continue;
            }
        }
        if (covered(a, &g[i], what) || (number && (mine ? granule_step(a, &g[i], stamp, META_MASK, class)
                                                        : granule_step_shared(a, &g[i], stamp, META_MASK, class))))
            continue;
        seen[0].half[1] = NOT_SEEN;
        page_leave(a);
        race_step(a, &g[i], addr + i * GRANULE, what, pc, seen);
        number = number_of(a, pc, what); /* a race may have been reported, and a collection made meanwhile */
        mine = page_enter(a, g, addr);
        generation = seen[0].half[1] != NOT_SEEN ? a->stocks->reserve.generation : 0;
    }
    page_leave(a);
    for (uintptr_t at = filled ? addr : addr + n * GRANULE; at < addr + n * GRANULE;
         at = (at | ((1u << BLOCK_SHIFT) - 1)) + 1)
        shadow_used(at);
    granules_filled(a, filled);
}

void access_steps(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    const uintptr_t end = addr + size;
    while (addr < end) {
        union granule *g = granule_at(addr);
        if (!g) {
            a->stocks->seen.unmapped++;
            addr = (addr | (REGION_SIZE - 1)) + 1;
            if (addr == 0)
                return;
            continue;
        }
        unsigned at = addr & (GRANULE - 1);
        if (at == 0 && end - addr >= GRANULE) {
            uintptr_t stop = (addr | ((1u << PAGE_SHIFT) - 1)) + 1;
            size_t n = ((stop < end ? stop : end) - addr) / GRANULE;
            stride(a, g, addr, n, kind, pc);
            addr += n * GRANULE;
            continue;
        }
        unsigned n = GRANULE - at < end - addr ? GRANULE - at : (unsigned)(end - addr);
        step(a, g, addr, n, kind, pc);
        addr += n;
    }
}

static bool ignored(struct actor *a, enum access_kind kind)
{
    bool read = kind == ACCESS_READ || kind == ACCESS_ATOMIC_READ;
    return a->ignore || (read ? a->ignore_reads : a->ignore_writes);
}

void access_slow(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (unlikely(a->pause & PAUSE_RECORD))
        record_access(a, addr, size, kind, pc);
    if (a->pause & PAUSE_SOLO) {
        a->stocks->seen.solo++;
        return;
    }
    if (!actor_enter(a))
        return;
    if (ignored(a, kind))
        a->stocks->seen.ignored++;
    else
        access_steps(a, addr, size, kind, pc);
    actor_leave(a);
}

static bool (*left_out)(uintptr_t pc); /* atomic; NULL: nobody is */

void mem_leave_out(bool (*which)(uintptr_t pc))
{
    __atomic_store_n(&left_out, which, __ATOMIC_RELAXED);
}

void mem_access(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (a->pause & PAUSE_SOLO) {
        a->stocks->seen.solo++; /* before the price of a stack */
        return;
    }
    if (size == 0 || a->pause & PAUSE_OFF)
        return;
    bool (*const leave_out)(uintptr_t) = __atomic_load_n(&left_out, __ATOMIC_RELAXED);
    if (unlikely(leave_out != NULL) && !(a->pause & PAUSE_RECORD) && leave_out(pc)) {
        a->stocks->seen.left_out++;
        return;
    }
    struct foreign f = foreign_begin(a, pc);
    access_slow(a, addr, size, kind, pc);
    foreign_end(a, f);
}

void mem_fresh(struct actor *a, uintptr_t addr, size_t size)
{
    if (!actor_enter(a))
        return;
    if (!host.no_races)
        shadow_clear(addr, size);
    sync_forget_range(a, addr, size);
    locks_forget(a, addr, size);
    actor_leave(a);
}

void heap_alloc(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc)
{
    /* Alone, nothing that is remembered of the bytes or of objects in them can matter to anybody, and a full stack of
     * code without hooks is not worth its price. */
    bool solo = a->pause & PAUSE_SOLO || host.no_races;
    uint32_t stack = solo ? context_child(a->context, pc, &a->stocks->seen.folded, &a->stocks->seen.lost_stacks)
                          : context_stack(a, pc);
    if (!actor_enter(a))
        return;
    if (!solo) {
        /* The allocator gives whole granules; the bytes behind the block belong to nobody else. */
        shadow_clear(addr, (size + GRANULE - 1) & ~(size_t)(GRANULE - 1));
        sync_forget_range(a, addr, size);
    }
    heap_remember(a, addr, size, stack);
    actor_leave(a);
}

/* Above it, only the parts of a block that were ever accessed are marked as freed: the allocator gives such blocks back
 * to the kernel, and their shadow would cost more than their memory. */
#define FREE_WHOLE ((size_t)1 << 20)

struct free_walk {
    struct actor *a;
    uintptr_t addr, pc;
    union granule *base;
};

static void free_granules(union granule *g, size_t n, void *ctx)
{
    struct free_walk *f = ctx;
    access_steps(f->a, f->addr + (uintptr_t)(g - f->base) * GRANULE, n * GRANULE, ACCESS_FREE, f->pc);
}

static void free_large(struct actor *a, const struct block *b, uintptr_t pc)
{
    uintptr_t end = (b->addr + b->size) & ~(uintptr_t)(GRANULE - 1);
    struct foreign f = foreign_begin(a, pc);
    if (actor_enter(a)) {
        for (uintptr_t at = b->addr; at < end;) {
            uintptr_t stop = (at | (REGION_SIZE - 1)) + 1;
            if (stop > end)
                stop = end;
            struct free_walk walk = {a, at, pc, granule_at(at)};
            if (walk.base)
                shadow_touched(at, stop - at, free_granules, &walk);
            at = stop;
        }
        actor_leave(a);
    }
    foreign_end(a, f);
}

void heap_free(struct actor *a, uintptr_t addr, uintptr_t pc)
{
    struct block b;
    if (!actor_enter(a))
        return;
    bool solo = a->pause & PAUSE_SOLO;
    bool known = heap_take(a, addr, &b);
    if (known && !solo)
        sync_forget_range(a, b.addr, b.size);
    bool locks = known && locks_maybe(b.addr, b.size);
    actor_leave(a);
    if (locks)
        locks_freed(a, b.addr, b.size, pc);
    if (!known || solo || host.no_races)
        return;
    if (b.size > FREE_WHOLE)
        free_large(a, &b, pc);
    else
        mem_access(a, b.addr, b.size, ACCESS_FREE, pc);
}
