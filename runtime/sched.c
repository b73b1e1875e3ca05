/* The scheduler: switches.
 *
 * They are direct: a goroutine that parks, yields or ends takes the next one off its P's queue itself and jumps to it. What
 * must not happen before its registers are saved (releasing the lock of what it waits on, queueing itself) is left as
 * m->after and done by whoever runs next, first thing (rt_landed). Only when the queue is empty, or every 64th time, or when
 * somebody asks for attention, it goes to g0, which looks further (find.c). Who is woken for what was made runnable: ready.c.
 *
 * Fairness: a goroutine in runnext inherits the time slice of the one that readied it; when sysmon finds a slice over 10 ms, runnext
 * goes to the end of the ring. */
#include "sched.h"

#include "det.h"
#include "fiber.h"

struct rt_sched rt_sched;

_Static_assert(offsetof(struct rt_m, p) == 0, "rt_this_p");

struct rt_timers *rt_p_timers(struct rt_p *p)
{
    return &p->timers;
}

struct rt_p *rt_any_p(void)
{
    return rt_sched.ps[0];
}

struct rt_g *rt_take_next(struct rt_p *p)
{
    struct rt_g *g = __atomic_load_n(&p->runnext, __ATOMIC_RELAXED);
    if (!g)
        return NULL;
    if (p->alone)
        __atomic_store_n(&p->runnext, NULL, __ATOMIC_RELAXED);
    else if (!__atomic_compare_exchange_n(&p->runnext, &g, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return NULL;
    __atomic_store_n(&p->handovers, p->handovers + 1, __ATOMIC_RELAXED);
    return g;
}

struct rt_g *rt_take_local(struct rt_p *p)
{
    struct rt_g *g = rt_take_next(p);
    if (g)
        return g;
    g = rt_runq_get(p);
    if (g)
        __atomic_store_n(&p->slice, p->slice + 1, __ATOMIC_RELAXED);
    return g;
}

/* What runs next without looking further than this P; NULL: g0 decides. */
static struct rt_g *pick(struct rt_m *m)
{
    struct rt_p *p = m->p;
    if (RT_STEERED)
        return rt_det_pick(m);
    __atomic_store_n(&p->tick, p->tick + 1, __ATOMIC_RELAXED);
    if (p->tick % RT_FAIR == 0 || __atomic_load_n(&p->attention, __ATOMIC_RELAXED))
        return NULL;
    struct rt_g *g = rt_take_local(p);
    if (g && g->m) { /* runs on another M only */
        m->found = g;
        return NULL;
    }
    return g;
}

/* told: whether there may be a listener, mostly as a constant, so that a park looks for him once. */
static inline __attribute__((always_inline)) void become(struct rt_m *m, struct rt_g *from, struct rt_g *g, bool told)
{
    if (g == &m->g0) {
        m->current = NULL;
    } else {
        m->current = g;
        g->m = m;
        __atomic_store_n(&g->status, RT_RUNNING, __ATOMIC_RELAXED);
    }
    rt_set_self(g);
    if (told)
        rt_emit_runs(g);
    rt_fiber_leave(from, g);
}

void rt_become(struct rt_m *m, struct rt_g *from, struct rt_g *g)
{
    become(m, from, g, true);
}

void rt_landed(void)
{
    struct rt_m *m = rt_this_m();
    void (*after)(void *) = m->after;
    if (after) {
        m->after = NULL;
        after(m->after_arg);
    }
    rt_fiber_land(rt_self());
    *m->errno_place = rt_self()->saved_errno;
    rt_leave();
}

/* Requires: locks > 0, which the one that runs next gives up. */
static inline __attribute__((always_inline)) void leave_running(struct rt_g *g, void (*after)(void *), void *arg,
                                                                bool told)
{
    struct rt_m *m = rt_this_m();
    g->saved_errno = *m->errno_place;
    m->after = after;
    m->after_arg = arg;
    struct rt_g *to = NULL;
    if (g->pins && !RT_STEERED)
        m->locked = g;
    else {
        g->m = NULL;
        to = m->p ? pick(m) : NULL;
    }
    if (!to)
        to = &m->g0;
    else if (!to->sp)
        rt_task_bind(to);
    become(m, g, to, told);
    rt_ctx_switch(&g->sp, to->sp);
    rt_landed();
}

void rt_leave_running(struct rt_g *g, void (*after)(void *), void *arg)
{
    leave_running(g, after, arg, true);
}

void rt_switch_dead(struct rt_g *g, void (*after)(void *), void *arg)
{
    struct rt_m *m = rt_this_m();
    struct rt_g *to = pick(m);
    if (to && !to->sp && to->stack_class == g->stack_class) {
        /* Its stack is warm: the next one begins on it. No frame is made there: ours still is. */
        to->stack = g->stack;
        to->sp = to->stack;
        rt_fiber_bound(to);
        g->stack = NULL;
        after(arg);
        m->after = NULL;
        become(m, NULL, to, true);
        rt_ctx_start(rt_stack_top(to->stack_class, to->stack), to);
    }
    if (!to)
        to = &m->g0;
    else if (!to->sp)
        rt_task_bind(to);
    m->after = after;
    m->after_arg = arg;
    become(m, NULL, to, true);
    rt_ctx_switch(&g->sp, to->sp);
    __builtin_unreachable();
}

static inline __attribute__((always_inline)) void park(void (*unlock)(void *), void *arg, enum rt_reason reason,
                                                       const void *object, bool timed, bool told)
{
    struct rt_g *g = rt_goroutine("waiting");
    if (told)
        rt_emit_block(g, object, reason, timed);
    g->reason = (uint8_t)reason;
    g->object = object;
    g->since = rt_sched.coarse;
    __atomic_store_n(&g->status, RT_WAITING, __ATOMIC_RELAXED);
    leave_running(g, unlock, arg, told);
}

static __attribute__((noinline)) void park_told(void (*unlock)(void *), void *arg, enum rt_reason reason,
                                                const void *object, bool timed)
{
    park(unlock, arg, reason, object, timed, true);
}

void rt_park(void (*unlock)(void *arg), void *arg, enum rt_reason reason, const void *object)
{
    rt_enter();
    if (RT_LISTENED)
        park_told(unlock, arg, reason, object, false);
    else
        park(unlock, arg, reason, object, false, false);
}

void rt_park_locked(struct rt_lock *lock, enum rt_reason reason, const void *object)
{
    rt_park(rt_unlock_arg, lock, reason, object);
}

void rt_park_timed(void (*unlock)(void *arg), void *arg, enum rt_reason reason, const void *object)
{
    rt_enter();
    park_told(unlock, arg, reason, object, true);
}

/* Behind all others. What is in the global queue is behind the local one: a goroutine that only yields, waiting for what is there,
 * would keep its P's queue from becoming empty. */
static void queue_self(void *arg)
{
    struct rt_g *g = arg;
    __atomic_store_n(&g->status, RT_RUNNABLE, __ATOMIC_RELAXED);
    if (__atomic_load_n(&rt_sched.global_count, __ATOMIC_RELAXED) == 0) {
        rt_runq_put(rt_this_p(), g);
        return;
    }
    rt_lock(&rt_sched.lock);
    rt_global_put(g);
    rt_unlock(&rt_sched.lock);
}

void goro_yield(void)
{
    if (RT_STEERED && rt_self()) {
        rt_det_point((uintptr_t)__builtin_return_address(0), RT_OP_YIELD, NULL);
        return;
    }
    rt_enter(); /* before it asks: see rt_goroutine */
    struct rt_g *g = rt_goroutine("goro_yield");
    rt_leave_running(g, queue_self, g);
}
