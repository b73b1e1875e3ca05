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
#include "../detector/unwind.h"
#include "../preload/current.h"

#define FRAMES_MAX 256

struct kept {
    uintptr_t at, holds; /* where the return address is, and what it is */
    uint32_t context;
};

static __thread struct {
    uint32_t n;
    struct kept frames[FRAMES_MAX]; /* outermost first */
} last TLS_IE;

/* Which frame called the function that was at `pc` with these registers: found without a step. */
#define RECENT 128
struct recent {
    uintptr_t pc, rsp, rbp, at;
    uint32_t k;
};
static __thread struct recent recents[RECENT] TLS_IE;

/* The kept frames up to the k-th are as they were. From the innermost on: further out nothing needs to be there, if it is not. */
static inline bool all_hold(int k)
{
    for (; k >= 0; k--)
        if (*(const volatile uintptr_t *)last.frames[k].at != last.frames[k].holds)
            return false;
    return true;
}

/* The kept frame with its return address at `at`, if it and all outer ones are as they were; or -1. */
static int still_there(uintptr_t at)
{
    int k = (int)last.n - 1;
    while (k >= 0 && last.frames[k].at < at)
        k--;
    return k >= 0 && last.frames[k].at == at && all_hold(k) ? k : -1;
}

/* For a signal handler that comes meanwhile it is nobody's. */
static void note(struct recent *r, struct recent now)
{
    const uintptr_t pc = now.pc;
    now.pc = 0;
    r->pc = 0;
    compiler_barrier();
    *r = now;
    compiler_barrier();
    r->pc = pc;
}

static __attribute__((noinline)) uint32_t walk(struct actor *a, uintptr_t pc, uintptr_t rsp, uintptr_t rbp,
                                               struct recent *r)
{
    struct unwind_frame f = {pc - 1, rsp, rbp, 0};
    struct kept met[FRAMES_MAX];
    uintptr_t pcs[FRAMES_MAX];
    int n = 0, same = -1;
    bool signal = false;
    while (n < FRAMES_MAX && unwind_step(&f)) {
        same = still_there(f.at);
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
    a->context = same >= 0 ? last.frames[same].context : 0;
    uint32_t k = (uint32_t)(same + 1);
    last.n = 0; /* for a signal handler that comes now */
    compiler_barrier();
    while (n-- > 0) {
        a->context = call_child(a, pcs[n]);
        if (k < FRAMES_MAX && !signal) {
            met[n].context = a->context;
            last.frames[k++] = met[n];
        }
    }
    compiler_barrier();
    last.n = k;
    if (k > 0 && k < FRAMES_MAX && !signal)
        note(r, (struct recent){pc, rsp, rbp, last.frames[k - 1].at, k - 1});
    const uint32_t context = a->context;
    a->context = before;
    return context;
}

uint32_t stack_context(struct actor *a, uintptr_t pc, uintptr_t rsp, uintptr_t rbp)
{
    struct recent *r = &recents[(pc ^ pc >> 7) % RECENT];
    const uint32_t k = r->k;
    return r->pc == pc && r->rsp == rsp && r->rbp == rbp && k < last.n && last.frames[k].at == r->at && all_hold((int)k)
               ? last.frames[k].context
               : walk(a, pc, rsp, rbp, r);
}
