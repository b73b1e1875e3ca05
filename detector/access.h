/* The fast path of a memory access and of a call, to be inlined in the compiler's hooks (preload/tsan_abi.c) and usable
 * from generated code: actor, address, size, kind and pc are arguments.
 *
 * What happens, in order, for the usual access inside one granule:
 *  1. the actor marks itself inside and sees that nothing asks it to pause;
 *  2. the shadow word of the granule gives its state; if that state is an access of this very epoch which covers these
 *     bytes and this kind, nothing can have changed: done;
 *  3. if this step of the automaton (same state, code address, context, bytes) was taken before in this generation, its
 *     outcome is put in place by one compare-and-swap: done;
 *  4. race_step works it out (race.c).
 * No lock is taken, and nothing shared is written but the shadow word, and that only when it changes. */
#ifndef GORACE_ACCESS_H
#define GORACE_ACCESS_H

#include "actor.h"
#include "shadow.h"
#include "state.h"

/* Any range, any state of the actor; race_range.c. */
void access_slow(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc);
/* The same with the actor inside and nothing checked. */
void access_steps(struct actor *a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc);
/* Hands over the races that were found while reports_held was up. The actor is inside, and nothing is held. */
void races_hand_over(struct actor *a);
/* One granule; the actor is inside and stays so. race.c. */
void race_step(struct actor *a, shadow_word *w, uintptr_t granule, uint32_t what, uintptr_t pc);

#define WHAT(mask, kind, log2size) meta_pack(mask, kind, log2size, 0)

static inline struct memo *memo_of(const struct actor *a, uintptr_t pc, uint32_t from)
{
    uint32_t h = ((uint32_t)pc ^ from * 0x9e3779b1u ^ a->context * 0x85ebca6bu);
    return &a->memos[(h ^ h >> 9 ^ h >> 18) % MEMOS];
}

static inline bool memo_step(struct actor *a, shadow_word *w, uint32_t from, uint32_t what, uintptr_t pc)
{
    const struct memo *m = memo_of(a, pc, from);
    if (m->gen != a->gen || m->pc != pc || m->from != from || m->context != a->context || m->what != what)
        return false;
    return m->to == from ||
           __atomic_compare_exchange_n(w, &from, m->to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static inline bool access_covered(const struct actor *a, uint32_t state, unsigned mask, enum access_kind kind)
{
    const struct access *s = &states[state];
    uint32_t meta = __atomic_load_n(&s->meta, __ATOMIC_ACQUIRE); /* before `who`: state.h */
    if (__atomic_load_n(&s->who, __ATOMIC_RELAXED) != a->who)
        return false;
    if (meta & META_LIST)
        return (kind == ACCESS_READ    ? meta & mask
                : kind == ACCESS_WRITE ? meta >> META_WRITES_SHIFT & mask
                                       : 0) == mask;
    return (meta & mask) == mask && (kind_covered_by(kind) >> meta_kind(meta) & 1);
}

/* size: a constant 1, 2, 4, 8. */
static inline __attribute__((always_inline)) void access_fast(struct actor *a, uintptr_t addr, unsigned size,
                                                              enum access_kind kind, uintptr_t pc)
{
    const unsigned log2size = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
    a->inside = 1;
    compiler_barrier();
    unsigned at = addr & (GRANULE - 1);
    uintptr_t base;
    if (unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED) || at + size > GRANULE || addr >> ADDRESS_BITS ||
                 !(base = __atomic_load_n(&shadow_table[addr >> REGION_SHIFT], __ATOMIC_RELAXED)))) {
        a->inside = 0;
        access_slow(a, addr, size, kind, pc);
        return;
    }
    shadow_word *w = (shadow_word *)(base + addr / GRANULE * sizeof(shadow_word));
    unsigned mask = ((1u << size) - 1) << at;
    uint32_t from = __atomic_load_n(w, __ATOMIC_RELAXED);
    a->accesses++;
    if (likely(access_covered(a, from, mask, kind))) {
        compiler_barrier();
        a->inside = 0;
    } else if (likely(memo_step(a, w, from, WHAT(mask, kind, log2size), pc))) {
        compiler_barrier();
        a->inside = 0;
    } else {
        race_step(a, w, addr & ~(uintptr_t)(GRANULE - 1), WHAT(mask, kind, log2size), pc);
        compiler_barrier();
        a->inside = 0;
    }
    compiler_barrier();
    if (unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED)))
        actor_leave_slow(a);
}

void frames_grow(struct actor *a);
uint32_t call_slow(struct actor *a, struct call_cache *c, uintptr_t pc);

/* A function begins: `pc` is its return address, `sp` the caller's stack pointer at the call. */
static inline __attribute__((always_inline)) void func_enter(struct actor *a, uintptr_t pc, uintptr_t sp)
{
    if (unlikely(a->top == a->frames_end))
        frames_grow(a);
    struct frame *f = a->top++;
    uint32_t parent = a->context;
    f->sp = sp;
    f->context = parent;
    struct call_cache *c = &a->calls[((uint32_t)pc ^ (uint32_t)(pc >> 9) ^ parent * 0x9e3779b1u) % CALLS];
    a->context = likely(c->pc == pc && c->parent == parent) ? c->child : call_slow(a, c, pc);
}

static inline __attribute__((always_inline)) void func_exit(struct actor *a)
{
    if (likely(a->top != a->frames))
        a->context = (--a->top)->context;
}

#endif
