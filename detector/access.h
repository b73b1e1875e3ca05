/* The fast path of a memory access and of a call, to be inlined in the compiler's hooks (preload/tsan_abi.c) and usable
 * from generated code: actor, address, size, kind and pc are arguments.
 *
 * What happens, in order, for the usual access inside one granule:
 *  1. one of the granule's cells says that this very epoch has accessed these bytes in a way that covers this access: then
 *     nothing can have changed: done;
 *  2. else the actor marks itself inside and sees that nothing asks it to pause;
 *  3. the granule's new history is worked out, and put in place by one store, or by a compare-and-swap in a page that
 *     actors share (race.c, owner.h).
 * No lock is taken, and nothing shared is written but the granule, and that only when it changes. */
#ifndef GORACE_ACCESS_H
#define GORACE_ACCESS_H

#include "actor.h"
#include "shadow.h"

/* Any range, any state of the actor; range.c. */
void access_slow(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc);
/* The same, but of no free and of one byte at least, and first it is seen whether the whole is covered. */
void access_range(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc);
/* access_slow with the actor inside and nothing checked. */
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

/* All cells of this epoch together. Sound although they change meanwhile: only the actor itself takes away what its own
 * current epoch has put in. */
static inline __attribute__((always_inline)) bool cells_cover(const struct actor *a, const union granule *g,
                                                              uint32_t need)
{
    const four_cells cells = granule_fours(g);
    return !(need & CELL_BYTES &
             ~any_of(cells & stamps_current(&a->stamps, cells) & lanes_full(cells, need & CELL_CLASS)));
}

/* What a cell must have to cover an access inside one granule alone: by kind, log2 of the size, and place. missed.c. */
extern HIDDEN const four_cells access_need[4][4][GRANULE];

/* A cell of the current epoch has all that is needed. */
static inline bool any_cell_covers(const struct actor *a, four_cells cells, four_cells need)
{
    compiler_barrier(); /* what is current is read after the cells: see granule_covered */
    const lanes good = stamps_current(&a->stamps, cells) & (lanes)((cells & need) == need);
#ifdef __SSE2__
    typedef char sixteen __attribute__((vector_size(16)));
    return __builtin_ia32_pmovmskb128((sixteen)good) != 0;
#else
    return lane_bits(good) != 0;
#endif
}

/* One of the cells of granule g covers the access of `size` bytes inside it: nothing can have changed. Sound although nothing says
 * that the actor is inside. Only the actor itself takes away what its own current epoch has put in, and cells are read before
 * the epoch's span: a collection takes all spans away before it changes a cell. A signal handler between the two would have to
 * end the epoch, to collect, and to be given the very numbers of the old epoch to do harm. */
static inline __attribute__((always_inline)) bool granule_covered(const struct actor *a, const union granule *g,
                                                                  unsigned at, unsigned log2size, enum access_kind kind)
{
    const four_cells cells = granule_fours(g);
    return any_cell_covers(a, cells, access_need[kind][log2size][at]);
}
static inline __attribute__((always_inline)) bool access_covered(const struct actor *a, uintptr_t addr,
                                                                 unsigned log2size, enum access_kind kind)
{
    const uintptr_t base = region_base(addr);
    return likely(base) && granule_covered(a, granule_in(base, addr), addr & (GRANULE - 1), log2size, kind);
}

/* missed.c. What of an access that leaves its granule a cell of this granule, and one of the next, must have, by kind, log2 of the
 * size, and place. */
struct straddle_need {
    four_cells here, behind;
};
extern HIDDEN const struct straddle_need straddle_need[2][4][GRANULE];
/* An access that leaves granule g. what: with the bytes from `addr` on. */
void access_straddle_read(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc, union granule *g,
                          const struct straddle_need *need);
void access_straddle_write(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc, union granule *g,
                           const struct straddle_need *need);
/* What is left of an access inside granule g that no cell covers alone. */
void access_missed_read(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc, union granule *g);
void access_missed_write(uintptr_t addr, struct actor *a, uint32_t what, uintptr_t pc, union granule *g);

static inline __attribute__((always_inline)) void access_leave(struct actor *a)
{
    compiler_barrier();
    a->inside = 0;
    compiler_barrier();
    if (unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED)))
        actor_leave_slow(a);
}

/* size: a constant 1, 2, 4, 8; kind: not a free. All calls are in tail position: the usual way through keeps nothing over a
 * call, and so saves no register. */
static inline __attribute__((always_inline)) void access_fast(struct actor *a, uintptr_t addr, unsigned size,
                                                              enum access_kind kind, uintptr_t pc)
{
    const unsigned log2size = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3, at = addr & (GRANULE - 1);
    const uint32_t what = WHAT((1u << size) - 1, kind, log2size);
    const uintptr_t base = region_base(addr);
    union granule *g = granule_in(base, addr);
    if (unlikely(!base)) {
        access_slow(a, addr, size, kind, pc);
    } else if (unlikely(at + size > GRANULE)) {
        if (kind == ACCESS_READ)
            access_straddle_read(addr, a, what, pc, g, &straddle_need[0][log2size][at]);
        else if (kind == ACCESS_WRITE)
            access_straddle_write(addr, a, what, pc, g, &straddle_need[1][log2size][at]);
        else
            access_slow(a, addr, size, kind, pc);
    } else if (likely(granule_covered(a, g, at, log2size, kind))) {
        a->accesses++;
    } else if (kind == ACCESS_READ) {
        access_missed_read(addr, a, what, pc, g);
    } else if (kind == ACCESS_WRITE) {
        access_missed_write(addr, a, what, pc, g);
    } else {
        access_slow(a, addr, size, kind, pc);
    }
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
