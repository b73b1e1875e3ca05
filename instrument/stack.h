/* The calling context of code that keeps none. */
#ifndef GORACE_INSTRUMENT_STACK_H
#define GORACE_INSTRUMENT_STACK_H

#include "../detector/actor.h"
#include "frame.h"
#include "site.h"

struct kept {
    uintptr_t at, holds; /* where the return address is, and what it is */
    uint32_t context;
};

/* Of a thread: the frames that its last walk has met. Not thread-local storage, which threads have to have room for on their stacks. */
#define WALKED_MOST 256
struct walked {
    uint32_t n;
    struct kept frames[WALKED_MOST]; /* outermost first */
};
_Static_assert(sizeof(struct walked) <= WALKED_BYTES, "stocks.walked");

/* The kept frames up to the k-th are as they were. From the innermost on: further out nothing needs to be there, if it is not. */
static inline bool walked_holds(const struct walked *last, int k)
{
    for (; k >= 0; k--)
        if (*(const volatile uintptr_t *)last->frames[k].at != last->frames[k].holds)
            return false;
    return true;
}

/* The kept frame with its return address at `at`, if it and all outer ones are as they were; or -1. */
static inline __attribute__((always_inline)) int walked_find(const struct walked *last, uintptr_t at)
{
    int k = (int)last->n - 1;
    while (k >= 0 && last->frames[k].at < at)
        k--;
    return k >= 0 && last->frames[k].at == at && walked_holds(last, k) ? k : -1;
}

static inline uintptr_t site_rsp(const struct site *site)
{
    return (uintptr_t)(site + 1) + (site->how & SITE_BELOW ? FRAME_RED_ZONE : 0);
}

/* The same, of any frame. */
uint32_t stack_walk(struct actor *a, const struct site *site, uintptr_t rbp);

/* Where a thunk was called, with the rbp of then: the context of the function, as of those that have the hooks. */
static inline __attribute__((always_inline)) uint32_t stack_context(struct actor *a, const struct site *site,
                                                                    uintptr_t rbp)
{
    const struct walked *last = a->stocks->walked;
    const uint32_t rule = (uint32_t)site->how & SITE_RULE;
    if (likely(last && rule)) {
        const uintptr_t from = unwind_rule_anchor(rule) == UNWIND_RBP ? rbp : site_rsp(site);
        const int k = walked_find(last, from + unwind_rule_distance(rule));
        if (likely(k >= 0))
            return last->frames[k].context;
    }
    return stack_walk(a, site, rbp);
}

#endif
