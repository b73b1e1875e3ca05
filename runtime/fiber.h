/* Switches of goroutines as AddressSanitizer wants to hear of them: without, it takes what it knows of the thread's stack for
 * the goroutine's, and gives false reports after longjmp and exceptions. It is asked for at run time, so that the same
 * libgoro serves programs built with -fsanitize=address and others, for which it is a branch on one word. */
#ifndef RT_FIBER_H
#define RT_FIBER_H

#include <stdbool.h>

#include "hidden.h"

struct rt_g;

extern RT_HIDDEN bool rt_fibers; /* somebody wants to hear; set before the first switch */

void rt_fiber_start(void);
void rt_fiber_leave_slow(struct rt_g *from, struct rt_g *to);
void rt_fiber_land_slow(struct rt_g *g);
void rt_fiber_bound_slow(struct rt_g *g);

/* g has got a stack, on which another may have been left in the middle of its frames. */
static inline void rt_fiber_bound(struct rt_g *g)
{
    if (__builtin_expect(rt_fibers, false))
        rt_fiber_bound_slow(g);
}
/* Before a switch. from: NULL if it never goes on. */
static inline void rt_fiber_leave(struct rt_g *from, struct rt_g *to)
{
    if (__builtin_expect(rt_fibers, false))
        rt_fiber_leave_slow(from, to);
}
/* After it, on the stack of g. */
static inline void rt_fiber_land(struct rt_g *g)
{
    if (__builtin_expect(rt_fibers, false))
        rt_fiber_land_slow(g);
}

#endif
