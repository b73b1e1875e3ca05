/* The fast path of a memory access and of a call, to be inlined in the compiler's hooks (preload/tsan_abi.c) and usable
 * from generated code: actor, address, size, kind and pc are arguments.
 *
 * What happens, in order, for the usual access inside one granule:
 *  1. the actor marks itself inside and sees that nothing asks it to pause;
 *  2. one of the granule's cells says that this very epoch has accessed these bytes in a way that covers this access: then
 *     nothing can have changed: done;
 *  3. race_step works out the granule's new history, and puts it in place by one compare-and-swap (race.c).
 * No lock is taken, and nothing shared is written but the granule, and that only when it changes. */
#ifndef GORACE_ACCESS_H
#define GORACE_ACCESS_H

#include "actor.h"
#include "shadow.h"

/* Any range, any state of the actor; range.c. */
void access_slow(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc);
/* The same with the actor inside and nothing checked. */
void access_steps(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc);
/* Hands over the races that were found while reports_held was up. The actor is inside, and nothing is held. */
void races_hand_over(struct actor *a);
/* One granule, that of the address `addr`; the actor is inside and stays so. seen: NULL, or what the step made of what,
 * left alone when that depended on more than the cells and the actor. race.c. */
void race_step(struct actor *a, union granule *g, uintptr_t addr, uint32_t what, uintptr_t pc, union granule seen[2]);

#define FILLED_BATCH 4096
static inline void granules_filled(struct actor *a, uint32_t n)
{
    a->filled += n;
    if (unlikely(a->filled >= FILLED_BATCH)) {
        shadow_filled(a->filled);
        a->filled = 0;
    }
}

#define WHAT(mask, kind, log2size) meta_pack(mask, kind, log2size, 0)

/* One of the cells does alone, which is the usual case. The cells may change meanwhile: see cells_cover. */
static inline __attribute__((always_inline)) bool any_cell_covers(const struct actor *a, const union granule *g,
                                                                  uint32_t need)
{
    const four_cells cells = granule_fours(g);
    const lanes good = stamps_current(&a->stamps, cells) & lanes_full(cells, need);
#ifdef __SSE2__
    typedef char sixteen __attribute__((vector_size(16)));
    return __builtin_ia32_pmovmskb128((sixteen)good) != 0;
#else
    return lane_bits(good) != 0;
#endif
}

/* All cells of this epoch together. Sound although they change meanwhile: only the actor itself takes away what its own
 * current epoch has put in. */
static inline __attribute__((always_inline)) bool cells_cover(const struct actor *a, const union granule *g,
                                                              uint32_t need)
{
    const four_cells cells = granule_fours(g);
    return !(need & CELL_BYTES & ~any_of(cells & stamps_current(&a->stamps, cells) & lanes_full(cells, need & CELL_CLASS)));
}

/* What is left of an access_fast that no cell covers alone. race.c. */
void access_missed(struct actor *a, union granule *g, uintptr_t addr, uint32_t what, uintptr_t pc);
/* Of one that leaves its granule. what: with the bytes from `addr` on. */
void access_straddle_missed(struct actor *a, uintptr_t addr, uint32_t what, uintptr_t pc);

static inline __attribute__((always_inline)) void access_leave(struct actor *a)
{
    compiler_barrier();
    a->inside = 0;
    compiler_barrier();
    if (unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED)))
        actor_leave_slow(a);
}

/* size: a constant 1, 2, 4, 8. All calls are in tail position: the usual ways through keep nothing over a call, and so
 * save no register. */
static inline __attribute__((always_inline)) void access_fast(struct actor *a, uintptr_t addr, unsigned size,
                                                              enum access_kind kind, uintptr_t pc)
{
    const unsigned log2size = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
    a->inside = 1;
    compiler_barrier();
    const unsigned at = addr & (GRANULE - 1);
    const uintptr_t region = addr >> REGION_SHIFT;
    uintptr_t base;
    if (unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED) || region >= REGIONS ||
                 !(base = __atomic_load_n(&shadow_table[region], __ATOMIC_RELAXED)))) {
        a->inside = 0;
        access_slow(a, addr, size, kind, pc);
        return;
    }
    union granule *g = granule_in(base, addr);
    const uint32_t bytes = (1u << size) - 1;
    if (unlikely(at + size > GRANULE)) {
        /* The next granule's cells can be looked at even behind the end of a region (shadow.c). */
        const uint32_t need = cell_from_meta(WHAT(0, kind, 0)), mask = bytes << at;
        if (unlikely(!any_cell_covers(a, g, need | (mask & META_MASK)) ||
                     !any_cell_covers(a, g + 1, need | mask >> GRANULE))) {
            access_straddle_missed(a, addr, WHAT(bytes & META_MASK, kind, log2size), pc);
            return;
        }
        a->accesses += 2;
        access_leave(a);
        return;
    }
    a->accesses++;
    const uint32_t what = WHAT(bytes << at, kind, log2size);
    if (unlikely(!any_cell_covers(a, g, cell_from_meta(what)))) {
        access_missed(a, g, addr, what, pc);
        return;
    }
    access_leave(a);
}

void frames_grow(struct actor *a);
uint32_t call_slow(struct actor *a, struct call_cache *c, uintptr_t pc);

static inline struct call_cache *call_place(const struct actor *a, uintptr_t pc)
{
    return &a->stocks->calls[((uint32_t)pc ^ (uint32_t)(pc >> 9) ^ a->context * 0x9e3779b1u) % CALLS];
}

/* The child of the current context for `pc`: context_child with a cache in front. */
static inline uint32_t call_child(struct actor *a, uintptr_t pc)
{
    struct call_cache *c = call_place(a, pc);
    return likely(c->pc == pc && c->parent == a->context) ? c->child : call_slow(a, c, pc);
}

/* A function begins: `pc` is its return address, `sp` the caller's stack pointer at the call. */
static inline __attribute__((always_inline)) void func_enter(struct actor *a, uintptr_t pc, uintptr_t sp)
{
    if (unlikely(a->top == a->frames_end))
        frames_grow(a);
    struct frame *f = a->top++;
    f->sp = sp;
    f->context = a->context;
    a->context = call_child(a, pc);
}

static inline __attribute__((always_inline)) void func_exit(struct actor *a)
{
    if (likely(a->top != a->frames))
        a->context = (--a->top)->context;
}

#endif
