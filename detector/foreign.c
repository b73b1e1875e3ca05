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

/* Sets of two, the latest first: a cache line. */
static struct foreign_cache *set_of(struct foreign_cache *cache, uintptr_t pc, uintptr_t sp)
{
    return &cache[((pc ^ sp >> 3) * 0x9e3779b97f4a7c15u >> 40) % FOREIGN & ~1u];
}

static bool is_of(const struct foreign_cache *c, const struct actor *a, uintptr_t pc, uintptr_t sp)
{
    return c->pc == pc && c->sp == sp && c->context == a->context;
}

static struct foreign_cache *find(struct foreign_cache *cache, const struct actor *a, uintptr_t pc, uintptr_t sp)
{
    struct foreign_cache *c = set_of(cache, pc, sp);
    return likely(is_of(c, a, pc, sp)) ? c : is_of(c + 1, a, pc, sp) ? c + 1 : NULL;
}

/* The entry, made when it is not there; NULL: `pc` is in instrumented code, or there is no memory. */
static struct foreign_cache *entry(struct actor *a, uintptr_t pc, uintptr_t sp)
{
    if (!host.unwind || (host.instrumented && host.instrumented(pc)))
        return NULL;
    struct foreign_cache *cache = a->stocks->foreign;
    if (!cache) {
        cache = arena_alloc(FOREIGN * sizeof *cache);
        if (!cache)
            return NULL;
        zero_bytes(cache, FOREIGN * sizeof *cache);
        a->stocks->foreign = cache;
    }
    struct foreign_cache *c = find(cache, a, pc, sp);
    if (!c) {
        c = set_of(cache, pc, sp);
        c[1] = c[0];
        *c = (struct foreign_cache){pc, sp, a->context, unwound(a, pc), 0};
    }
    return c;
}

struct foreign foreign_begin(struct actor *a, uintptr_t pc)
{
    struct foreign f = {a->context};
    struct foreign_cache *c = entry(a, pc, (uintptr_t)__builtin_frame_address(0));
    if (c)
        a->context = c->found;
    return f;
}

uint32_t context_stack(struct actor *a, uintptr_t pc)
{
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
    struct foreign_cache *c = NULL;
    if (likely(!(a->pause & PAUSE_OFF))) {
        if (a->stocks->foreign) { /* before the price of asking whose code it is */
            c = find(a->stocks->foreign, a, pc, sp);
            if (likely(c && c->stack))
                return c->stack;
        }
        c = entry(a, pc, sp);
    }
    uint32_t s = context_child(c ? c->found : a->context, pc, &a->folded, &a->lost_stacks);
    if (c)
        c->stack = s;
    return s;
}
