/* Stacks of code that was not compiled with the hooks: it does not keep the calling context, so the stack is unwound.
 *
 * Unwinding costs microseconds, a context must cost nanoseconds: the result is kept in a small cache of the actor under
 * (code address, stack pointer, context of the instrumented callers). The depth of the stack at the same code address
 * tells different ways there apart, but for ways of exactly the same depth; then the first one is shown. */
#ifndef GORACE_FOREIGN_H
#define GORACE_FOREIGN_H

#include "actor.h"

struct foreign {
    uint32_t context; /* to go back to */
};

struct foreign_cache {
    uintptr_t pc, sp;
    uint32_t context, found;
    uint32_t stack; /* found and the pc, as one stack; 0: not asked for yet */
};
#define FOREIGN 512

/* Sets of two, the latest first: a cache line. */
static inline struct foreign_cache *foreign_set(struct foreign_cache *cache, uintptr_t pc, uintptr_t sp)
{
    return &cache[((pc ^ sp >> 3) * 0x9e3779b97f4a7c15u >> 40) % FOREIGN & ~1u];
}

static inline struct foreign_cache *foreign_neighbour(struct foreign_cache *cache, const struct foreign_cache *set)
{
    return &cache[(set - cache) ^ 2];
}

static inline bool foreign_is(const struct foreign_cache *c, const struct actor *a, uintptr_t pc, uintptr_t sp)
{
    return c->pc == pc && c->sp == sp && c->context == a->context;
}

static inline struct foreign_cache *foreign_find(struct foreign_cache *cache, const struct actor *a, uintptr_t pc,
                                                 uintptr_t sp)
{
    struct foreign_cache *c = foreign_set(cache, pc, sp);
    return likely(foreign_is(c, a, pc, sp)) ? c : foreign_is(c + 1, a, pc, sp) ? c + 1 : NULL;
}

/* The stack of a call at sp from pc, as one number; looks whose code it is. */
uint32_t foreign_stack(struct actor *a, uintptr_t pc, uintptr_t sp);

/* The same if it was asked for before, or 0. */
static inline __attribute__((always_inline)) uint32_t foreign_known(const struct actor *a, uintptr_t pc, uintptr_t sp)
{
    if (unlikely(!a->stocks->foreign)) /* before the price of asking whose code it is */
        return 0;
    const struct foreign_cache *c = foreign_find(a->stocks->foreign, a, pc, sp);
    return likely(c != NULL) ? c->stack : 0;
}

static inline __attribute__((always_inline)) uint32_t context_stack_at(struct actor *a, uintptr_t pc, uintptr_t sp)
{
    const uint32_t known = foreign_known(a, pc, sp);
    return likely(known) ? known : foreign_stack(a, pc, sp);
}

/* context_stack, in the caller's frame. */
static inline __attribute__((always_inline)) uint32_t context_stack_here(struct actor *a, uintptr_t pc)
{
    return context_stack_at(a, pc, (uintptr_t)__builtin_frame_address(0));
}

/* Puts a->context to that of the caller of `pc`, when `pc` is not in instrumented code. */
struct foreign foreign_begin(struct actor *a, uintptr_t pc);
static inline void foreign_end(struct actor *a, struct foreign f)
{
    a->context = f.context;
}

#endif
