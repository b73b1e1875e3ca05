/* The fast path of a memory access and of a call, to be inlined in the compiler's hooks (preload/tsan_abi.c) and usable
 * from generated code: actor, address, size, kind and pc are arguments.
 *
 * What happens, in order, for the usual access inside one granule:
 *  1. the actor marks itself inside and sees that nothing asks it to pause;
 *  2. the granule's shadow word says whether this very epoch has accessed these bytes in a way that covers this access:
 *     then nothing can have changed: done;
 *  3. if this step (same word, code address, context, bytes) was taken before in this generation, its outcome is put in
 *     place by one compare-and-swap: done;
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

static inline uint64_t memo_what(uintptr_t pc, uint32_t what)
{
    return (uint64_t)what << 48 | pc;
}

static inline struct memo *memo_of(const struct actor *a, uintptr_t pc, shadow_word from)
{
    uint32_t h = ((uint32_t)pc ^ (uint32_t)(from >> WORD_STATE_SHIFT) * 0x9e3779b1u ^ (uint32_t)from ^
                  a->context * 0x85ebca6bu);
    return &a->memos[(h ^ h >> 9 ^ h >> 18) % MEMOS];
}

static inline const struct memo *memo_find(const struct actor *a, shadow_word from, uint32_t what, uintptr_t pc)
{
    const struct memo *m = memo_of(a, pc, from);
    bool found = m->from == from && m->what == memo_what(pc, what) && m->gen == a->gen && m->context == a->context;
    return found ? m : NULL;
}

static inline bool memo_step(struct actor *a, shadow_word *w, shadow_word from, uint32_t what, uintptr_t pc)
{
    const struct memo *m = memo_find(a, from, what, pc);
    return m && (m->to == from ||
                 __atomic_compare_exchange_n(w, &from, m->to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

static inline bool access_covered(const struct actor *a, shadow_word word, unsigned mask, enum access_kind kind)
{
    if (kind == ACCESS_FREE)
        return false;
    bool read = kind == ACCESS_READ || kind == ACCESS_ATOMIC_READ;
    uint64_t bytes = read ? mask : (uint64_t)mask << WORD_WRITES_SHIFT;
    return (word & (WORD_TAG | bytes)) == (a->tag | bytes);
}

/* What is left of an access_fast that was neither covered nor remembered. */
void access_missed(struct actor *a, uintptr_t addr, shadow_word *w, uint32_t what, uintptr_t pc);

/* size: a constant 1, 2, 4, 8. All calls are in tail position: the usual ways through keep nothing over a call, and so
 * save no register. */
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
    shadow_word *w = (shadow_word *)(base + (addr - at));
    unsigned mask = ((1u << size) - 1) << at;
    shadow_word from = __atomic_load_n(w, __ATOMIC_RELAXED);
    a->accesses++;
    if (unlikely(!access_covered(a, from, mask, kind)) && !memo_step(a, w, from, WHAT(mask, kind, log2size), pc)) {
        access_missed(a, addr, w, WHAT(mask, kind, log2size), pc);
        return;
    }
    compiler_barrier();
    a->inside = 0;
    compiler_barrier();
    if (unlikely(__atomic_load_n(&a->pause, __ATOMIC_RELAXED)))
        actor_leave_slow(a);
}

void frames_grow(struct actor *a);
uint32_t call_slow(struct actor *a, struct call_cache *c, uintptr_t pc);

/* The child of the current context for `pc`: context_child with a cache in front. */
static inline uint32_t call_child(struct actor *a, uintptr_t pc)
{
    uint32_t parent = a->context;
    struct call_cache *c = &a->calls[((uint32_t)pc ^ (uint32_t)(pc >> 9) ^ parent * 0x9e3779b1u) % CALLS];
    return likely(c->pc == pc && c->parent == parent) ? c->child : call_slow(a, c, pc);
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
