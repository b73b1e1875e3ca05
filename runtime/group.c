/* Groups: goroutines that report to one place.
 *
 * A task that ends by goro_exit counts as one that returned 0. The last thing a task does to the group is the wait group's
 * done: after that the group may be gone. */
#include "waiters.h"

void goro_group_init(goro_group *g, struct goro_context *parent)
{
    *g = (goro_group){.context = goro_context_with_cancel(parent ? parent : goro_context_background())};
}

struct goro_context *goro_group_context(goro_group *g)
{
    return g->context ? g->context : goro_context_background();
}

void goro_group_limit(goro_group *g, int n)
{
    RT_OP(GROUP, g);
    if (n < 0)
        return;
    g->limited = true;
    rt_sem_release(&g->limit, n);
}

static void leave(void *arg)
{
    goro_group *g = arg;
    if (g->limited)
        rt_sem_release(&g->limit, 1);
    rt_waitgroup_add(&g->waitgroup, -1);
}

static void run(goro_group *g, int (*fn)(void *arg), void *arg)
{
    struct rt_at_end hook;
    int none = 0;
    rt_at_end_push(&hook, leave, g);
    int error = fn(arg);
    rt_at_end_pop(&hook);
    if (error < 0 &&
        __atomic_compare_exchange_n(&g->first_error, &none, error, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED) &&
        g->context)
        goro_context_cancel(g->context, error);
    leave(g);
}

/* There is room for it. */
static int enter(goro_group *g, int (*fn)(void *arg), void *arg)
{
    rt_waitgroup_add(&g->waitgroup, 1);
    int result = goro_go(run, g, fn, arg);
    if (result < 0)
        leave(g);
    return result;
}

int goro_group_go(goro_group *g, int (*fn)(void *arg), void *arg)
{
    RT_OP(GROUP, g);
    if (g->limited)
        rt_sem_acquire(&g->limit, 1);
    return enter(g, fn, arg);
}

bool goro_group_try_go(goro_group *g, int (*fn)(void *arg), void *arg)
{
    RT_OP(GROUP, g);
    if (g->limited && !goro_sem_tryacquire(&g->limit, 1))
        return false;
    return enter(g, fn, arg) == 0;
}

int goro_group_wait(goro_group *g)
{
    RT_OP(GROUP, g);
    rt_waitgroup_wait(&g->waitgroup, GORO_FOREVER);
    if (g->context) {
        goro_context_cancel(g->context, 0);
        goro_context_release(g->context);
        g->context = NULL;
    }
    return __atomic_load_n(&g->first_error, __ATOMIC_ACQUIRE);
}
