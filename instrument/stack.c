/* See stack.h.
 *
 * The stack of an access is found by .eh_frame, and only when the detector has to be asked: longjmp, exceptions, callbacks
 * from the C library and code that was left alone need no care, and what is covered already pays nothing. What the last
 * walk of the thread has met is kept. A walk ends where it meets a frame of that one, if all return addresses further out
 * are still where they were: so an access in the function of the last one costs one step and a look at each frame.
 *
 * Nothing is kept of a walk that crosses the frame of a signal: its outer part may be on a stack that goes away first. */
#include "stack.h"

#include "../detector/access.h"
#include "../detector/arena.h"
#include "../detector/unwind.h"

#define FRAMES_MAX 256

struct kept {
    uintptr_t at, holds; /* where the return address is, and what it is */
    uint32_t context;
};

/* Where the return address of the function is that was at `pc`, and which kept frame had it there: found without a step. */
#define RECENT 256
struct recent {
    uint64_t key;     /* pc ^ unwind_generation */
    int32_t distance; /* from the register */
    uint16_t k;
    uint16_t anchor; /* enum unwind_anchor */
};

/* The thread's. Not thread-local storage, which threads have to have room for on their stacks. */
struct walked {
    uint32_t n;
    struct kept frames[FRAMES_MAX]; /* outermost first */
    struct recent recents[RECENT];
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
static int still_there(const struct walked *last, uintptr_t at)
{
    int k = (int)last->n - 1;
    while (k >= 0 && last->frames[k].at < at)
        k--;
    return k >= 0 && last->frames[k].at == at && all_hold(last, k) ? k : -1;
}

static inline uint64_t key_of(uintptr_t pc)
{
    return pc ^ __atomic_load_n(&unwind_generation, __ATOMIC_RELAXED);
}

/* For a signal handler that comes meanwhile it is nobody's. */
static void note(struct recent *r, uintptr_t pc, uintptr_t rsp, uintptr_t rbp, uintptr_t at, uint32_t k)
{
    const enum unwind_anchor anchor = unwind_anchor(pc - 1);
    const intptr_t distance = (intptr_t)(at - (anchor == UNWIND_RBP ? rbp : rsp));
    r->key = 0;
    if (anchor == UNWIND_NO_ANCHOR || distance != (int32_t)distance)
        return;
    compiler_barrier();
    r->distance = (int32_t)distance;
    r->k = (uint16_t)k;
    r->anchor = (uint16_t)anchor;
    compiler_barrier();
    r->key = key_of(pc);
}

#define RED_ZONE 128
/* rsp += RED_ZONE, with which a copy takes back the room that it has left. */
static bool skipped_red_zone(uintptr_t pc)
{
    return *(const uint64_t *)pc == UINT64_C(0x0000008024a48d48);
}

static __attribute__((noinline)) uint32_t walk(struct actor *a, struct walked *last, uintptr_t pc, uintptr_t rsp,
                                               uintptr_t rbp, struct recent *r)
{
    struct unwind_frame f = {pc - 1, rsp + (skipped_red_zone(pc) ? RED_ZONE : 0), rbp, 0};
    struct kept met[FRAMES_MAX];
    uintptr_t pcs[FRAMES_MAX];
    uintptr_t first = 0; /* where the function's own return address is */
    int n = 0, same = -1;
    bool signal = false;
    while (n < FRAMES_MAX && unwind_step(&f)) {
        if (!first)
            first = f.at;
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
    if (k > 0 && k < FRAMES_MAX && !signal && last->frames[k - 1].at == first)
        note(r, pc, rsp, rbp, first, k - 1);
    const uint32_t context = a->context;
    a->context = before;
    return context;
}

uint32_t stack_context(struct actor *a, uintptr_t pc, uintptr_t rsp, uintptr_t rbp)
{
    struct walked *last = a->stocks->walked;
    if (unlikely(!last) && !(last = walked_new(a))) {
        a->stocks->seen.lost_stacks++;
        return a->context;
    }
    struct recent *r = &last->recents[(pc ^ pc >> 7) % RECENT];
    if (unlikely(r->key != key_of(pc)))
        return walk(a, last, pc, rsp, rbp, r);
    const uintptr_t at = (r->anchor == UNWIND_RBP ? rbp : rsp) + (uintptr_t)(intptr_t)r->distance;
    const uint32_t k = r->k;
    if (likely(k < last->n && last->frames[k].at == at && all_hold(last, (int)k)))
        return last->frames[k].context;
    const int there = still_there(last, at);
    if (there < 0)
        return walk(a, last, pc, rsp, rbp, r);
    r->k = (uint16_t)there;
    return last->frames[there].context;
}
