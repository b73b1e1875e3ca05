/* Who is left when the main goroutine has returned, for a listener that can find out who could never have gone on. Told only
 * when that can be known: all of them wait for one another, none can run, no timer is armed and nothing outside is waited for. */
#include "sched.h"
#include "stack.h"
#include "timer.h"

#ifdef GORO_RACE

struct left {
    size_t waiting, others;
};

static void count(struct rt_g *g, void *arg)
{
    struct left *left = arg;
    uint8_t status = __atomic_load_n(&g->status, __ATOMIC_ACQUIRE);
    if (g->system || g->main || status == RT_DEAD)
        return;
    if (status == RT_WAITING && rt_emit_inside(g))
        left->waiting++;
    else
        left->others++;
}

static void tell(struct rt_g *g, void *arg)
{
    (void)arg;
    if (!g->system && !g->main && __atomic_load_n(&g->status, __ATOMIC_ACQUIRE) == RT_WAITING)
        rt_emit_left_waiting(g);
}

static bool timers_armed(void)
{
    for (int i = 0; i < rt_sched.made_ps; i++)
        if (rt_sched.ps[i]->timers.count)
            return true;
    return false;
}

static void tell_memory(const void *memory, size_t size)
{
    rt_events->left_memory(memory, size); /* the caller may be no thread of ours */
}

/* Also of one that is just about to begin. */
static void tell_arguments(struct rt_g *g, void *arg)
{
    uint8_t status = __atomic_load_n(&g->status, __ATOMIC_ACQUIRE);
    (void)arg;
    if (status == RT_RUNNABLE || status == RT_RUNNING)
        rt_events->left_pointers(g->words, sizeof g->words);
}

void rt_left_memory(void)
{
    rt_tasks_each(tell_arguments, NULL);
    rt_stacks_memory(tell_memory);
    rt_tasks_memory(tell_memory);
    for (int i = 0; i < rt_sched.made_ps; i++)
        tell_memory(rt_sched.ps[i], sizeof *rt_sched.ps[i]);
    for (struct rt_m *m = __atomic_load_n(&rt_sched.ms, __ATOMIC_ACQUIRE); m; m = m->all_next)
        tell_memory(m, sizeof *m);
}

void rt_left(void)
{
    struct left left = {0};
    if (!RT_LISTENED)
        return;
    rt_tasks_each(count, &left);
    if (!left.waiting || left.others || timers_armed())
        return;
    rt_left_memory();
    rt_tasks_each(tell, NULL);
    rt_emit_left_all();
}

#else

void rt_left(void)
{
}

#endif
