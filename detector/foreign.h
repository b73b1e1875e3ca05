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

/* Puts a->context to that of the caller of `pc`, when `pc` is not in instrumented code. */
struct foreign foreign_begin(struct actor *a, uintptr_t pc);
static inline void foreign_end(struct actor *a, struct foreign f)
{
    a->context = f.context;
}

#endif
