/* See stack.h.
 *
 * The stack of an access is found by .eh_frame, and only when the detector has to be asked: longjmp, exceptions, callbacks
 * from the C library and code that was left alone need no care, and what is covered already pays nothing. What the last
 * walk of the thread has met is kept. A walk ends where it meets a frame of that one, if all return addresses further out
 * are still where they were: so an access in the function of the last one costs one step and a look at each frame.
 *
 * Nothing is kept of a walk that crosses the frame of a signal: its outer part may be on a stack that goes away first.
 *
 * Measured and left: that the stacks of wrapped functions (foreign.h) end where they meet what is kept (sqlite3 with 4 threads: .886 of the
 * time before for .871, so none; they are cached). */
#include "stack.h"

#include "../detector/access.h"
#include "../detector/arena.h"
#include "../detector/unwind.h"
#include "frame.h"

#define FRAMES_MAX 256

struct kept {
    uintptr_t at, holds; /* where the return address is, and what it is */
    uint32_t context;
};

/* The thread's. Not thread-local storage, which threads have to have room for on their stacks. */
struct walked {
    uint32_t n;
    struct kept frames[FRAMES_MAX]; /* outermost first */
};
_Static_assert(sizeof(struct walked) <= WALKED_BYTES, "stocks.walked");

/* NULL: there is no memory. */
static __attribute__((noinline)) struct walked *walked_new(struct actor *a)
{
    struct walked *w = NULL;
    if (!actor_enter(a))
        return NULL;
    if ((w = arena_alloc(WALKED_BYTES)))
        zero_bytes(w, sizeof *w);
    a->stocks->walked = w;
    actor_leave(a);
    return w;
}

/* The kept frames up to the k-th are as they were. From the innermost on: further out nothing needs to be there, if it is not. */
static inline bool all_hold(const struct walked *last, int k)
{
    for (; k >= 0; k--)
        if (*(const volatile uintptr_t *)last->frames[k].at != last->frames[k].holds)
            return false;
    return true;
}

/* The kept frame with its return address at `at`, if it and all outer ones are as they were; or -1. */
static inline __attribute__((always_inline)) int still_there(const struct walked *last, uintptr_t at)
{
    int k = (int)last->n - 1;
    while (k >= 0 && last->frames[k].at < at)
        k--;
    return k >= 0 && last->frames[k].at == at && all_hold(last, k) ? k : -1;
}

static __attribute__((noinline)) uint32_t walk(struct actor *a, struct walked *last, struct unwind_frame f,
                                               uint32_t rule)
{
    struct kept met[FRAMES_MAX];
    uintptr_t pcs[FRAMES_MAX];
    int n = 0, same = -1;
    bool signal = false, more = rule ? unwind_step_by(&f, rule) : unwind_step(&f);
    for (; n < FRAMES_MAX && more; more = unwind_step(&f)) {
        same = still_there(last, f.at);
        if (same >= 0)
            break;
        if (unwind_left_out(&f))
            continue;
        pcs[n] = f.pc + 1;
        met[n] = (struct kept){f.at, *(const uintptr_t *)f.at, 0};
        signal |= met[n].holds != pcs[n];
        n++;
    }
    const uint32_t before = a->context;
    a->context = same >= 0 ? last->frames[same].context : 0;
    uint32_t k = (uint32_t)(same + 1);
    last->n = 0; /* for a signal handler that comes now */
    compiler_barrier();
    while (n-- > 0) {
        a->context = call_child(a, pcs[n]);
        if (k < FRAMES_MAX && !signal) {
            met[n].context = a->context;
            last->frames[k++] = met[n];
        }
    }
    compiler_barrier();
    last->n = k;
    const uint32_t context = a->context;
    a->context = before;
    return context;
}

uint32_t stack_context(struct actor *a, const struct site *site, uintptr_t rbp)
{
    struct walked *last = a->stocks->walked;
    if (unlikely(!last) && !(last = walked_new(a))) {
        a->stocks->seen.lost_stacks++;
        return a->context;
    }
    const uint32_t rule = (uint32_t)site->how & SITE_RULE;
    const uintptr_t rsp = (uintptr_t)(site + 1) + (site->how & SITE_BELOW ? FRAME_RED_ZONE : 0);
    if (likely(rule)) {
        const uintptr_t from = unwind_rule_anchor(rule) == UNWIND_RBP ? rbp : rsp;
        const int k = still_there(last, from + unwind_rule_distance(rule));
        if (likely(k >= 0))
            return last->frames[k].context;
    }
    return walk(a, last, (struct unwind_frame){site->pc - 1, rsp, rbp, 0}, rule);
}
