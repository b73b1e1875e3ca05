/* See foreign.h. */
#include "foreign.h"

#define FRAMES_MAX 128

static __attribute__((noinline)) uint32_t unwound(struct actor *a, uintptr_t pc)
{
    uintptr_t pcs[FRAMES_MAX];
    int n = host.unwind(pcs, FRAMES_MAX);
    int at = 0;
    while (at < n && pcs[at] != pc)
        at++;
    if (at == n)
        return a->context;
    uint32_t context = 0;
    for (int i = n - 1; i > at; i--)
        context = context_child(context, pcs[i], &a->folded, &a->lost_stacks);
    return context;
}

struct foreign foreign_begin(struct actor *a, uintptr_t pc)
{
    struct foreign f = {a->context};
    if (!host.unwind || (host.instrumented && host.instrumented(pc)))
        return f;
    struct foreign_cache *cache = a->stocks->foreign;
    if (!cache) {
        cache = arena_alloc(FOREIGN * sizeof *cache);
        if (!cache)
            return f;
        zero_bytes(cache, FOREIGN * sizeof *cache);
        a->stocks->foreign = cache;
    }
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
    struct foreign_cache *c = &cache[((pc ^ sp >> 3) * 0x9e3779b97f4a7c15u >> 40) % FOREIGN];
    if (c->pc != pc || c->sp != sp || c->context != a->context)
        *c = (struct foreign_cache){pc, sp, a->context, unwound(a, pc)};
    a->context = c->found;
    return f;
}

uint32_t context_stack(struct actor *a, uintptr_t pc)
{
    struct foreign f = {a->context};
    if (!(a->pause & PAUSE_OFF))
        f = foreign_begin(a, pc);
    uint32_t s = context_child(a->context, pc, &a->folded, &a->lost_stacks);
    foreign_end(a, f);
    return s;
}
