/* See fiber.h; sanitizer/common_interface_defs.h has the contract: start before each switch, with the bounds of the stack that is
 * switched to and a place for what belongs to the one that is left (NULL: it is over), finish after it, with what was kept
 * there. finish tells the bounds of the stack that was left: which is how those of a thread's own stack get known. */
#include "fiber.h"

#include "sched.h"

#pragma weak __sanitizer_start_switch_fiber
#pragma weak __sanitizer_finish_switch_fiber
#pragma weak __asan_unpoison_memory_region
void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *save, const void **old_bottom, size_t *old_size);
void __asan_unpoison_memory_region(const volatile void *from, size_t size);

bool rt_fibers;

void rt_fiber_start(void)
{
    rt_fibers = __sanitizer_start_switch_fiber && __sanitizer_finish_switch_fiber && __asan_unpoison_memory_region;
}

static size_t size_of(const struct rt_g *g)
{
    return (size_t)(rt_stack_top(g->stack_class, g->stack) - g->stack);
}

void rt_fiber_bound_slow(struct rt_g *g)
{
    __asan_unpoison_memory_region(g->stack, size_of(g));
}

void rt_fiber_leave_slow(struct rt_g *from, struct rt_g *to)
{
    struct rt_m *m = rt_this_m();
    const bool own = to == &m->g0;
    __sanitizer_start_switch_fiber(from ? &from->fake_stack : NULL, own ? m->own_stack : to->stack,
                                   own ? m->own_stack_size : size_of(to));
}

void rt_fiber_land_slow(struct rt_g *g)
{
    struct rt_m *m = rt_this_m();
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(g->fake_stack, &bottom, &size);
    g->fake_stack = NULL;
    if (!m->own_stack) { /* the first switch of a thread leaves its own */
        m->own_stack = bottom;
        m->own_stack_size = size;
    }
}
