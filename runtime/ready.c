/* What is made runnable, and who is woken to run it.
 *
 * An M with a P and no work spins for a moment: it steals, and is counted in `spinning`. Who makes work
 * wakes a sleeping M only if a P is idle and nobody spins; the spinner that finds work wakes the next one. So threads are
 * woken one at a time and as long as there is work, not one per event. The dangerous moment is a spinner that gives up while
 * work is made: the maker queues, then reads `spinning`; the spinner leaves `spinning`, then looks at all queues again. Both
 * are sequentially consistent: one of them sees the other.
 * A pair that takes turns needs no other M: while this P has itself run what was in runnext the last TRUST times or more, one
 * goroutine that is made ready there, with nothing else queued, wakes nobody. If the trust is betrayed (the goroutine goes on computing),
 * sysmon sees the work and wakes an M, which takes it, and with it the trust.
 * Nor do goroutines on a P whose goroutines have lately run for a fraction of a microsecond each (`weight`, sysmon's), as long as all
 * that are queued are little work: to wake a thread takes microseconds, and each goroutine that it takes brings its cache lines along,
 * which costs more than to run it. So they are not stolen either. If they compute all the same, sysmon sees within two
 * milliseconds that the P is light no more, and wakes an M. Somebody who listens makes goroutines slower, and what moves with them
 * more (clocks, and what is remembered of their stacks): then "little" is that much more as well. Measured on two processors with a
 * race detector: a select of two 550 ns on both of them, 220 on one. */
#include "sched.h"

#include "det.h"

enum { TRUST = 16 };
enum { LIGHT = 250, LITTLE = 50000 }; /* ns, and when nobody listens: of each, and of all that are queued */
enum { LIGHT_TOLD = 4 * LIGHT, LITTLE_TOLD = 8 * LITTLE };

void rt_ready_start(void)
{
    rt_sched.light = RT_LISTENED ? LIGHT_TOLD : LIGHT;
    rt_sched.little = RT_LISTENED ? LITTLE_TOLD : LITTLE;
}

void rt_wake_p(void)
{
    int32_t none = 0;
    if (__atomic_load_n(&rt_sched.idle_p_count, __ATOMIC_SEQ_CST) == 0 ||
        __atomic_load_n(&rt_sched.spinning, __ATOMIC_SEQ_CST) != 0 ||
        !__atomic_compare_exchange_n(&rt_sched.spinning, &none, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        return;
    rt_lock(&rt_sched.lock);
    struct rt_p *p = rt_p_idle_get();
    rt_unlock(&rt_sched.lock);
    if (p)
        rt_m_run(p, true);
    else
        __atomic_fetch_sub(&rt_sched.spinning, 1, __ATOMIC_SEQ_CST);
}

/* Work was queued, on this P or globally: before `spinning` is read, see above. */
static void look_for_helpers(const struct rt_p *p)
{
    if (p && (p->alone || rt_runq_little(p, __atomic_load_n(&rt_sched.global_count, __ATOMIC_RELAXED))))
        return;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    rt_wake_p();
}

/* What was next until now; NULL: nothing. */
static inline __attribute__((always_inline)) struct rt_g *put_next(struct rt_p *p, struct rt_g *g)
{
    struct rt_g *before = __atomic_load_n(&p->runnext, __ATOMIC_RELAXED);
    if (before && !p->alone)
        return __atomic_exchange_n(&p->runnext, g, __ATOMIC_ACQ_REL);
    __atomic_store_n(&p->runnext, g, __ATOMIC_RELEASE); /* others only take what is there */
    return before;
}

/* rt_make_runnable in the deterministic mode. */
static void steered(struct rt_g *g, const struct rt_p *p)
{
    if (p || !rt_sched.ms) { /* its own thread, or the start */
        rt_det_ready(g);
        return;
    }
    __atomic_store_n(&g->status, RT_RUNNABLE, __ATOMIC_RELAXED);
    rt_lock(&rt_sched.lock);
    rt_global_put(g);
    rt_unlock(&rt_sched.lock);
    rt_poll_wake();
}

void rt_make_runnable(struct rt_g *g, bool next)
{
    rt_enter();
    struct rt_p *p = rt_this_p();
    if (RT_STEERED) {
        steered(g, p);
        rt_leave();
        return;
    }
    __atomic_store_n(&g->status, RT_RUNNABLE, __ATOMIC_RELAXED);
    if (!p) {
        rt_lock(&rt_sched.lock);
        rt_global_put(g);
        rt_unlock(&rt_sched.lock);
    } else {
        if (next)
            g = put_next(p, g);
        if (g)
            rt_runq_put(p, g);
    }
    look_for_helpers(p);
    rt_leave();
}

/* The only work of this P besides what runs here, which has lately always stopped and run it: nobody is woken to look for it. */
static inline __attribute__((always_inline)) bool hand_over(struct rt_g *g)
{
    bool handed = false;
    rt_enter();
    struct rt_p *p = rt_this_p();
    if (p && __atomic_load_n(&p->handovers, __ATOMIC_RELAXED) >= TRUST && !p->runnext &&
        __atomic_load_n(&p->head, __ATOMIC_RELAXED) == p->tail) {
        __atomic_store_n(&g->status, RT_RUNNABLE, __ATOMIC_RELAXED);
        put_next(p, g);
        handed = true;
    }
    rt_leave();
    return handed;
}

static __attribute__((noinline)) void ready_told(struct rt_g *g)
{
    rt_emit_unblock(g);
    if (!hand_over(g))
        rt_make_runnable(g, true);
}

void rt_ready(struct rt_g *g)
{
    if (RT_LISTENED)
        ready_told(g);
    else if (!hand_over(g))
        rt_make_runnable(g, true);
}

void rt_ready_list(struct rt_glist *list)
{
    if (!list->first)
        return;
    rt_enter();
    struct rt_p *p = rt_this_p();
    for (struct rt_g *g = list->first, *next; g; g = next) {
        next = g->next;
        rt_emit_unblock(g);
        if (RT_STEERED) {
            steered(g, p);
            continue;
        }
        __atomic_store_n(&g->status, RT_RUNNABLE, __ATOMIC_RELAXED);
        if (p)
            rt_runq_put(p, g);
    }
    if (!p && !RT_STEERED) {
        rt_lock(&rt_sched.lock);
        rt_global_put_list(list);
        rt_unlock(&rt_sched.lock);
    }
    *list = (struct rt_glist){0};
    look_for_helpers(p);
    rt_leave();
}
