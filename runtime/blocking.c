/* Calls that block the OS thread, and goroutines that must keep theirs.
 *
 * goro_blocking_begin marks the P as blocked and gives up m->p, but hands nothing over: most such calls are short. sysmon
 * retakes a P that stays blocked; goro_blocking_end gets it back with one compare-and-swap when it did not. Otherwise
 * the goroutine takes an idle P, or queues itself globally and lets its thread sleep.
 *
 * m->blocking: 0 no, 1 in a call, 2 the runtime has ended meanwhile: the thread goes no further than the call's end; 3 on its way
 * back, without a P and in no queue: its goroutine goes on, so not all are asleep. */
#include "sched.h"

#include "det.h"
#include "panic.h"
#include "worker.h"

void goro_blocking_begin(void)
{
    struct rt_g *g = rt_goroutine("goro_blocking_begin");
    if (RT_STEERED) { /* holds the others up */
        rt_det_point((uintptr_t)__builtin_return_address(0), RT_OP_BLOCKING, NULL);
        return;
    }
    rt_enter();
    struct rt_m *m = rt_this_m();
    struct rt_p *p = m->p;
    if (!p)
        goro_panic("goro_blocking_begin: already in a blocking call");
    __atomic_store_n(&g->status, RT_BLOCKED, __ATOMIC_RELAXED);
    g->since = rt_sched.coarse;
    m->blocked_p = p;
    m->p = NULL;
    __atomic_store_n(&p->blocks, p->blocks + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&m->blocking, 1, __ATOMIC_RELAXED);
    /* From here on sysmon may take it. */
    bool little = rt_runq_little(p, 0);
    __atomic_store_n(&p->status, RT_P_BLOCKED, __ATOMIC_SEQ_CST);
    if (little && !rt_runq_empty(p)) /* nobody was woken for it, as this P was about to do it */
        rt_wake_p();
    rt_leave();
}

/* On g0: the last look for a P and the queueing are one step for those who give up Ps. */
static void take_p_or_queue(void *arg)
{
    struct rt_g *g = arg;
    struct rt_m *m = rt_this_m();
    rt_lock(&rt_sched.lock);
    struct rt_p *p = rt_p_idle_get();
    if (!p)
        rt_global_put(g);
    rt_unlock(&rt_sched.lock);
    if (p)
        rt_p_acquire(m, p);
    __atomic_store_n(&m->blocking, 0, __ATOMIC_RELEASE); /* all_asleep: the P, or the queue, is seen first */
    if (!p)
        return;
    m->found = g;
    m->locked = NULL;
}

void goro_blocking_end(void)
{
    struct rt_g *g = rt_self();
    if (RT_STEERED)
        return;
    rt_enter();
    struct rt_m *m = rt_this_m();
    struct rt_p *p = m->blocked_p;
    uint32_t in_call = 1;
    if (!__atomic_compare_exchange_n(&m->blocking, &in_call, 3, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        rt_m_abandon(m);
    uint8_t blocked = RT_P_BLOCKED;
    if (__atomic_compare_exchange_n(&p->status, &blocked, RT_P_RUNNING, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        m->p = p;
        p->m = m; /* others may have had it meanwhile, and one of them be blocked with it now */
        __atomic_store_n(&m->blocking, 0, __ATOMIC_RELEASE);
        __atomic_store_n(&g->status, RT_RUNNING, __ATOMIC_RELAXED);
        rt_leave();
        return;
    }
    __atomic_store_n(&g->status, RT_RUNNABLE, __ATOMIC_RELAXED);
    rt_leave_running(g, take_p_or_queue, g);
}

long goro_blocking(long (*fn)(void *arg), void *arg)
{
    rt_emit_here((uintptr_t)__builtin_return_address(0));
    goro_blocking_begin();
    rt_emit_calls(RT_CALLER_SP());
    long result = fn(arg);
    rt_emit_called();
    goro_blocking_end();
    return result;
}

void goro_pin(void)
{
    rt_goroutine("goro_pin")->pins++;
}

void goro_unpin(void)
{
    struct rt_g *g = rt_goroutine("goro_unpin");
    if (g->pins == 0)
        goro_panic("goro_unpin without goro_pin");
    g->pins--;
}
