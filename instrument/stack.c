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

/* The kept frame with its return address at `at`, if it and all outer ones are as they were; or -1. */
static int still_there(uintptr_t at)
{
    int k = (int)last.n - 1;
    while (k >= 0 && last.frames[k].at < at)
        k--;
    if (k < 0 || last.frames[k].at != at)
        return -1;
    for (int i = k; i >= 0; i--)
        if (*(const volatile uintptr_t *)last.frames[i].at != last.frames[i].holds)
            return -1;
    return k;
}

uint32_t stack_context(struct actor *a, uintptr_t pc, uintptr_t rsp, uintptr_t rbp)
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
    const uint32_t context = a->context;
    a->context = before;
    return context;
}
