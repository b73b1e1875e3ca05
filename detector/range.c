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

/* A granule with its history in sight, before and after: in a page that actors share. False: it takes another way. */
static inline bool step_shared(struct actor *a, union granule *g, uint32_t cell, union granule seen[2])
{
    const union granule now = granule_load(g);
    seen[0].four = from_halves(now.half[0], now.half[1]);
    seen[1] = seen[0];
    return cells_meet(a, &seen[1].four, cell) && cells_add(&seen[1].four, cell) &&
           (granule_same(&seen[0], &seen[1]) || granule_replace(g, &seen[0], &seen[1]));
}

/* The step where nearly always nothing more is needed. False: it takes another way, and nothing was changed. *plain: what seen[0]
 * became, seen[1], depends on nothing but the actor and the access. */
static inline bool step_often(struct actor *a, union granule *g, uint32_t cell, bool mine, union granule seen[2],
                              bool *plain)
{
    const uint32_t stamp = cell & ~(CELL_CLASS | CELL_BYTES), bytes = cell & CELL_BYTES, class = cell & CELL_CLASS;
    seen[0].four = granule_fours(g);
    *plain = !granule_spilled(&seen[0]);
    if (!mine)
        return *plain ? step_shared(a, g, cell, seen) : granule_step_shared(a, g, stamp, bytes, class);
    seen[1] = (union granule){.cell = {cell}};
    if (granule_empty(&seen[0])) {
        granule_put(g, &seen[1]);
        return true;
    }
    if (!granule_step(a, g, stamp, bytes, class))
        return false;
    seen[1].four = granule_fours(g);
    return true;
}

/* Told of the n granules of one page from that of `addr` on, of which so many had no history before. */
static inline void steps_filled(struct actor *a, uintptr_t addr, size_t n, size_t filled)
{
    const uintptr_t base = region_base(addr);
    uint8_t *used = shadow_block(base, addr), *const last = shadow_block(base, addr + (n - 1) * GRANULE);
    for (; used <= last; used++, addr += (uintptr_t)1 << BLOCK_SHIFT)
        if (unlikely(!__atomic_load_n(used, __ATOMIC_RELAXED)))
            shadow_used(addr);
    granules_filled(a, (uint32_t)filled);
}

/* One granule, or part of one. */
static void step(struct actor *a, union granule *g, uintptr_t addr, unsigned n, enum access_kind kind, uintptr_t pc)
{
    unsigned at = addr & (GRANULE - 1);
    unsigned mask = ((1u << n) - 1) << at;
    uint32_t what = WHAT(mask, kind, log2_of(n));
    a->accesses++;
    if (covered(a, g, what))
        return;
    const uint32_t number = number_of(a, pc, what);
    union granule seen[2];
    bool done = false, plain;
    if (number && page_enter_fast(a, g, addr)) {
        done = step_often(a, g, cell_of(number, what), true, seen, &plain);
        page_leave(a);
    }
    if (!done)
        race_step(a, g, addr - at, what, pc, NULL);
    else if (granule_empty(&seen[0]))
        steps_filled(a, addr, 1, 1);
}

/* Eight neighbours have the cell in the same place. Plain loads, which are compared where they are: of a cell that is not the
 * actor's own nobody asks for more than whether it was. */
static inline bool eight_have(const uint32_t *at, uint32_t cell)
{
    return at[0] == cell && at[CELLS] == cell && at[2 * CELLS] == cell && at[3 * CELLS] == cell &&
           at[4 * CELLS] == cell && at[5 * CELLS] == cell && at[6 * CELLS] == cell && at[7 * CELLS] == cell;
}

/* So many of the granules, from the first one on, have in the same place the same cell of the current epoch, which covers the
 * access. Sound although nothing says that the actor is inside, as granule_covered is: cells are read before it is asked
 * whether they are of now. */
static inline __attribute__((always_inline)) size_t covered_run(const struct actor *a, const union granule *g, size_t n,
                                                                four_cells need)
{
    const four_cells cells = granule_fours(g);
    const unsigned good = lane_bits(stamps_current(&a->stamps, cells) & (lanes)((cells & need) == need));
    if (!good)
        return 0;
    const uint32_t *at = &g->cell[__builtin_ctz(good)], cell = *at;
    size_t i = 0;
    for (; likely(n - i >= 8) && eight_have(at, cell); i += 8)
        at += 8 * CELLS;
    for (; i < n && *at == cell; i++)
        at += CELLS;
    compiler_barrier();
    return likely(stamp_current(&a->stamps, cell)) ? i : 0;
}

static size_t covered_first(const struct actor *a, const union granule *g, size_t n, four_cells need)
{
    size_t i = 0, run = 1;
    for (; i < n && run; i += run)
        run = covered_run(a, &g[i], n - i, need);
    return i;
}

/* A page in which nobody has taken a step is not to be read (owner.c, populate). */
static inline bool page_readable(const union granule *g, uintptr_t addr)
{
    return __atomic_load_n(shadow_page(g, addr), __ATOMIC_RELAXED) > PAGE_WAS_SHARED;
}

/* Whole granules of one page, all covered by the same cell: the usual case of what is covered. Not of a free. */
static inline __attribute__((always_inline)) bool whole_covered(struct actor *a, uintptr_t addr, size_t size,
                                                                enum access_kind kind)
{
    const uintptr_t base = region_base(addr);
    if (unlikely((addr | size) & (GRANULE - 1) || (addr ^ (addr + size - 1)) >> PAGE_SHIFT || !base))
        return false;
    const union granule *g = granule_in(base, addr);
    const size_t n = size / GRANULE;
    if (unlikely(!page_readable(g, addr)) || covered_run(a, g, n, access_need[kind][3][0]) != n)
        return false;
    a->accesses += n;
    return true;
}

/* The same, of any range in one page. */
static bool parts_covered(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind)
{
    const uintptr_t last = addr + size - 1, base = region_base(addr);
    if (size == 0 || (addr ^ last) >> PAGE_SHIFT || !base)
        return false;
    const union granule *g = granule_in(base, addr);
    if (!page_readable(g, addr))
        return false;
    const size_t n = last / GRANULE - addr / GRANULE + 1;
    const uint32_t class = cell_from_meta(WHAT(0, kind, 3)) & CELL_CLASS;
    const uint32_t from = CELL_BYTES << (addr % GRANULE) & CELL_BYTES, to = CELL_BYTES >> (~last % GRANULE);
    const uint32_t first = n == 1 ? from & to : from;
    if (!any_cell_covers(a, granule_fours(g), in_all(class | first)) ||
        (n > 1 && !any_cell_covers(a, granule_fours(&g[n - 1]), in_all(class | to))) ||
        (n > 2 && covered_first(a, g + 1, n - 2, access_need[kind][3][0]) != n - 2))
        return false;
    a->accesses += n;
    return true;
}

/* What a step has made of the granule before is made of all that follow and are the same. So many are. */
static inline size_t repeat(union granule *g, size_t n, const union granule seen[2], bool mine)
{
    size_t i = 0;
    if (mine)
        for (; i < n && lane_bits((lanes)(g[i].four == seen[0].four)) == 15; i++)
            granule_put(&g[i], &seen[1]);
    else
        for (union granule now; i < n && (now = granule_load(&g[i]), granule_same(&now, &seen[0])); i++)
            if (!granule_same(&now, &seen[1]) && !granule_replace(&g[i], &now, &seen[1]))
                break;
    return i;
}

/* Granules of the actor's page that are written as a whole, and whose history is in sight and its own: that is over then, by
 * [DOMINATE]. So many are, from the first one on; *filled: how many of them had none. */
static size_t overwrite(const struct actor *a, union granule *g, size_t n, uint32_t cell, size_t *filled)
{
    const union granule to = {.cell = {cell}};
    size_t i = 0;
    while (i < n) {
        const size_t from = i;
        const union granule old = {.four = g[i].four};
        const lanes own = stamps_own(&a->stamps, old.four) & ~lanes_without(old.four, CELL_BYTES);
        if (lane_bits((lanes)(old.four == 0) | own) != 15)
            break;
        do
            granule_put(&g[i++], &to);
        while (i < n && lane_bits((lanes)(g[i].four == old.four)) == 15);
        *filled += granule_empty(&old) ? i - from : 0;
    }
    return i;
}

#define NOT_SEEN (~(uint64_t)0) /* no granule has it */

/* Whole granules in one page. Neighbours mostly have the same history: what one step made of it, the next repeats. */
static void stride(struct actor *a, union granule *g, uintptr_t addr, size_t n, enum access_kind kind, uintptr_t pc)
{
    const uint32_t what = WHAT(META_MASK, kind, 3);
    const four_cells need = kind == ACCESS_FREE ? in_all(0) : access_need[kind][3][0];
    a->accesses += n;
    size_t i = kind != ACCESS_FREE && page_readable(g, addr) ? covered_first(a, g, n, need) : 0, filled = 0;
    if (i == n)
        return;
    uint32_t number = number_of(a, pc, what);
    bool mine = page_enter(a, g, addr);
    if (mine && number && (kind == ACCESS_WRITE || kind == ACCESS_FREE))
        i += overwrite(a, &g[i], n - i, cell_of(number, what), &filled);
    while (i < n) {
        union granule seen[2];
        bool plain;
        if (likely(number && step_often(a, &g[i], cell_of(number, what), mine, seen, &plain))) {
            filled += granule_empty(&seen[0]);
        } else {
            page_leave(a);
            seen[0].half[1] = NOT_SEEN;
            race_step(a, &g[i], addr + i * GRANULE, what, pc, seen);
            plain = seen[0].half[1] != NOT_SEEN;
            number = number_of(a, pc, what); /* a race may have been reported, and a collection made meanwhile */
            mine = page_enter(a, g, addr);
        }
        i++;
        if (likely(plain)) {
            const size_t same = repeat(&g[i], n - i, seen, mine);
            filled += granule_empty(&seen[0]) ? same : 0;
            i += same;
        }
        if (i < n && kind != ACCESS_FREE)
            i += covered_first(a, &g[i], n - i, need);
    }
    page_leave(a);
    if (filled)
        steps_filled(a, addr, n, filled);
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

static __attribute__((noinline)) void range_slow(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind,
                                                 uintptr_t pc)
{
    if (a->pause || !parts_covered(a, addr, size, kind))
        access_slow(a, addr, size, kind, pc);
}

void access_range(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (a->pause || !whole_covered(a, addr, size, kind))
        range_slow(a, addr, size, kind, pc);
}

static void mem_uncovered(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
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

static __attribute__((noinline)) void mem_slow(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind,
                                               uintptr_t pc)
{
    if (a->pause || !parts_covered(a, addr, size, kind))
        mem_uncovered(a, addr, size, kind, pc);
}

void mem_access(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (a->pause || !whole_covered(a, addr, size, kind))
        mem_slow(a, addr, size, kind, pc);
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

/* Objects of atomics and the like in a block that begins or ends its life: mostly there are none in its page. */
static void forget_syncs(struct actor *a, uintptr_t addr, size_t size)
{
    if ((addr ^ (addr + size)) / OS_PAGE || sync_maybe(addr))
        sync_forget_range(a, addr, size);
}

void heap_alloc(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc)
{
    /* Alone, nothing that is remembered of the bytes or of objects in them can matter to anybody, and a full stack of
     * code without hooks is not worth its price. */
    bool solo = a->pause & PAUSE_SOLO || host.no_races;
    uint32_t stack = solo ? context_child(a->context, pc, &a->stocks->seen.folded, &a->stocks->seen.lost_stacks)
                          : context_stack_here(a, pc);
    if (!actor_enter(a))
        return;
    if (!solo) {
        /* The allocator gives whole granules; the bytes behind the block belong to nobody else. */
        shadow_clear(addr, (size + GRANULE - 1) & ~(size_t)(GRANULE - 1));
        forget_syncs(a, addr, size);
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

size_t heap_free(struct actor *a, uintptr_t addr, uintptr_t pc)
{
    struct block b;
    if (!actor_enter(a))
        return SIZE_MAX;
    const bool solo = a->pause & PAUSE_SOLO, known = heap_take(a, addr, &b);
    if (known && !solo)
        forget_syncs(a, b.addr, b.size);
    const bool locks = known && locks_maybe(b.addr, b.size);
    actor_leave(a);
    if (locks)
        locks_freed(a, b.addr, b.size, pc);
    if (!known)
        return SIZE_MAX;
    if (solo || host.no_races)
        return b.size;
    if (b.size > FREE_WHOLE)
        free_large(a, &b, pc);
    else
        mem_uncovered(a, b.addr, b.size, ACCESS_FREE, pc);
    return b.size;
}
