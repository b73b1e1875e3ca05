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
        context = context_child(context, pcs[i], &a->stocks->seen.folded, &a->stocks->seen.lost_stacks);
    return context;
}

/* Three that are used in turn have the same set in some runs, and to unwind costs more than all else. So who has to leave a set goes to
 * the neighbour's, and comes back from there. NULL: it is not there. */
static struct foreign_cache *from_neighbour(struct foreign_cache *cache, const struct actor *a, uintptr_t pc,
                                            uintptr_t sp)
{
    struct foreign_cache *c = foreign_set(cache, pc, sp), *there = foreign_neighbour(cache, c);
    if (!foreign_is(there, a, pc, sp) && !foreign_is(++there, a, pc, sp))
        return NULL;
    const struct foreign_cache found = *there;
    *there = c[1];
    c[1] = c[0];
    *c = found;
    return c;
}

/* The entry, made when it is not there; NULL: there is no memory. here: `pc` is in instrumented code. */
static struct foreign_cache *entry(struct actor *a, uintptr_t pc, uintptr_t sp, bool here)
{
    struct foreign_cache *cache = a->stocks->foreign;
    if (!cache) {
        cache = arena_alloc(FOREIGN * sizeof *cache);
        if (!cache)
            return NULL;
        zero_bytes(cache, FOREIGN * sizeof *cache);
        a->stocks->foreign = cache;
    }
    struct foreign_cache *c = foreign_find(cache, a, pc, sp);
    if (!c && !(c = from_neighbour(cache, a, pc, sp))) {
        c = foreign_set(cache, pc, sp);
        foreign_neighbour(cache, c)[1] = c[1];
        c[1] = c[0];
        *c = (struct foreign_cache){pc, sp, a->context, here ? a->context : unwound(a, pc), 0};
    }
    return c;
}

static bool is_foreign(uintptr_t pc)
{
    return host.unwind && !(host.instrumented && host.instrumented(pc));
}

struct foreign foreign_begin(struct actor *a, uintptr_t pc)
{
    struct foreign f = {a->context};
    struct foreign_cache *c = is_foreign(pc) ? entry(a, pc, (uintptr_t)__builtin_frame_address(0), false) : NULL;
    if (c)
        a->context = c->found;
    return f;
}

uint32_t foreign_stack(struct actor *a, uintptr_t pc, uintptr_t sp)
{
    struct foreign_cache *c = likely(!(a->pause & PAUSE_OFF)) ? entry(a, pc, sp, !is_foreign(pc)) : NULL;
    uint32_t s = context_child(c ? c->found : a->context, pc, &a->stocks->seen.folded, &a->stocks->seen.lost_stacks);
    if (c)
        c->stack = s;
    return s;
}

uint32_t context_stack(struct actor *a, uintptr_t pc)
{
    return context_stack_here(a, pc);
}
