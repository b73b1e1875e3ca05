/* Accesses of any size and alignment, and everything the fast path does not do itself. */
#include "access.h"
#include "foreign.h"
#include "heap.h"
#include "sync.h"

/* One granule, or part of one. */
static void step(struct actor *a, shadow_word *w, uintptr_t addr, unsigned n, enum access_kind kind, uintptr_t pc)
{
    unsigned at = addr & (GRANULE - 1);
    unsigned mask = ((1u << n) - 1) << at;
    uint32_t what = WHAT(mask, kind, n >= 8 ? 3 : n >= 4 ? 2 : n >= 2 ? 1 : 0);
    shadow_word from = __atomic_load_n(w, __ATOMIC_RELAXED);
    a->accesses++;
    if (!access_covered(a, from, mask, kind) && !memo_step(a, w, from, what, pc))
        race_step(a, w, addr - at, what, pc);
}

/* Whole granules in one region. Neighbours mostly share a state: what one step did to it, the next repeats. */
static void stride(struct actor *a, shadow_word *w, uintptr_t addr, size_t n, enum access_kind kind, uintptr_t pc)
{
    const uint32_t what = WHAT(META_MASK, kind, 3);
    shadow_word from = 0, to = 0;
    uint32_t gen = 0; /* of from -> to; 0: nothing is known */
    for (size_t i = 0; i < n; i++) {
        shadow_word now = __atomic_load_n(&w[i], __ATOMIC_RELAXED);
        if (now == from && gen == a->gen &&
            (to == from || __atomic_compare_exchange_n(&w[i], &now, to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))) {
            a->accesses++;
            continue;
        }
        step(a, &w[i], addr + i * GRANULE, GRANULE, kind, pc);
        const struct memo *m = memo_find(a, now, what, pc);
        gen = m ? a->gen : 0;
        from = now;
        to = m ? m->to : 0;
    }
}

void access_steps(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    const uintptr_t end = addr + size;
    while (addr < end) {
        shadow_word *w = shadow_word_at(addr);
        if (!w) {
            a->unmapped++;
            addr = (addr | (REGION_SIZE - 1)) + 1;
            if (addr == 0)
                return;
            continue;
        }
        unsigned at = addr & (GRANULE - 1);
        if (at == 0 && end - addr >= GRANULE) {
            uintptr_t stop = (addr | (REGION_SIZE - 1)) + 1;
            size_t n = ((stop < end ? stop : end) - addr) / GRANULE;
            stride(a, w, addr, n, kind, pc);
            addr += n * GRANULE;
            continue;
        }
        unsigned n = GRANULE - at < end - addr ? GRANULE - at : (unsigned)(end - addr);
        step(a, w, addr, n, kind, pc);
        addr += n;
    }
}

void access_missed(struct actor *a, uintptr_t addr, shadow_word *w, uint32_t what, uintptr_t pc)
{
    race_step(a, w, addr & ~(uintptr_t)(GRANULE - 1), what, pc);
    actor_leave(a);
}

static bool ignored(struct actor *a, enum access_kind kind)
{
    bool read = kind == ACCESS_READ || kind == ACCESS_ATOMIC_READ;
    return a->ignore || (read ? a->ignore_reads : a->ignore_writes);
}

void access_slow(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (a->pause & PAUSE_SOLO) {
        a->solo++;
        return;
    }
    if (!actor_enter(a))
        return;
    if (ignored(a, kind))
        a->ignored++;
    else
        access_steps(a, addr, size, kind, pc);
    actor_leave(a);
}

void mem_access(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc)
{
    if (a->pause & PAUSE_SOLO) {
        a->solo++; /* before the price of a stack */
        return;
    }
    if (size == 0 || a->pause & PAUSE_OFF)
        return;
    struct foreign f = foreign_begin(a, pc);
    access_slow(a, addr, size, kind, pc);
    foreign_end(a, f);
}

void mem_fresh(struct actor *a, uintptr_t addr, size_t size)
{
    if (!actor_enter(a))
        return;
    shadow_clear(addr, size);
    sync_forget_range(a, addr, size);
    actor_leave(a);
}

void heap_alloc(struct actor *a, uintptr_t addr, size_t size, uintptr_t pc)
{
    /* Alone, nothing that is remembered of the bytes or of objects in them can matter to anybody, and a full stack of
     * code without hooks is not worth its price. */
    bool solo = a->pause & PAUSE_SOLO;
    uint32_t stack = solo ? context_child(a->context, pc, &a->folded, &a->lost_stacks) : context_stack(a, pc);
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
    shadow_word *base;
};

static void free_words(shadow_word *w, size_t n, void *ctx)
{
    struct free_walk *f = ctx;
    access_steps(f->a, f->addr + (uintptr_t)(w - f->base) * GRANULE, n * GRANULE, ACCESS_FREE, f->pc);
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
            struct free_walk walk = {a, at, pc, shadow_word_at(at)};
            if (walk.base)
                shadow_touched(at, stop - at, free_words, &walk);
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
    actor_leave(a);
    if (!known || solo)
        return;
    if (b.size > FREE_WHOLE)
        free_large(a, &b, pc);
    else
        mem_access(a, b.addr, b.size, ACCESS_FREE, pc);
}
