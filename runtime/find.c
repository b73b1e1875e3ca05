/* g0: the scheduler's context on the thread's own stack. It looks further than a goroutine that leaves does (sched.c): timers,
 * global queue, poller, other Ps; and sleeps when there is nothing.
 *
 * Every 64th time it takes from the global queue first, runs timers and polls. The last idle M sleeps in the poller until the
 * earliest timer of all Ps; the others on their own futex. */
#include "sched.h"

#include "det.h"
#include "fiber.h"
#include "fork.h"
#include "world.h"

enum { STEAL_ROUNDS = 4, FEWEST_TIMERS = 16 };

static void stop_spinning(struct rt_m *m)
{
    if (!m->spinning)
        return;
    m->spinning = false;
    /* The last spinner has found work: where there was some there may be more. */
    if (__atomic_sub_fetch(&rt_sched.spinning, 1, __ATOMIC_SEQ_CST) == 0)
        rt_wake_p();
}

/* So many timers may fire now on this M's P. More would fill its queue, half of it would go to the end of the global one, and who has
 * slept would wait with its stack for all that have not started there. */
static uint32_t timers_room(const struct rt_p *p)
{
    uint32_t queued = p->tail - __atomic_load_n(&p->head, __ATOMIC_RELAXED);
    return queued < RT_RUNQ / 2 ? RT_RUNQ / 2 - queued : FEWEST_TIMERS;
}

static void run_timers(struct rt_p *p)
{
    if (rt_timers_next(&p->timers) != INT64_MAX)
        rt_timers_run(p, goro_now(), timers_room(p));
}

static struct rt_g *take_global(struct rt_p *p, uint32_t most)
{
    if (__atomic_load_n(&rt_sched.global_count, __ATOMIC_SEQ_CST) == 0)
        return NULL;
    rt_lock(&rt_sched.lock);
    struct rt_g *g = rt_global_get(p, most);
    rt_unlock(&rt_sched.lock);
    return g;
}

static struct rt_g *first_of(struct rt_p *p, struct rt_glist *list)
{
    struct rt_g *g = list->first;
    if (!g)
        return NULL;
    list->first = g->next;
    (void)p;
    rt_ready_list(list);
    return g;
}

static struct rt_g *poll_now(struct rt_p *p)
{
    struct rt_glist ready = {0};
    if (rt_poll_waiters() == 0)
        return NULL;
    __atomic_store_n(&rt_sched.last_poll, __atomic_load_n(&rt_sched.coarse, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    if (rt_poll(p, 0, &ready) == 0)
        return NULL;
    return first_of(p, &ready);
}

/* The others' queues and timers, beginning anywhere. */
static struct rt_g *steal(struct rt_p *p, bool take_next)
{
    uint32_t procs = (uint32_t)__atomic_load_n(&rt_sched.procs, __ATOMIC_RELAXED);
    uint32_t first = rt_choose(RT_STREAM_STEAL, procs);
    int64_t now = 0;
    for (uint32_t i = 0; i < procs; i++) {
        struct rt_p *victim = rt_sched.ps[(first + i) % procs];
        if (victim == p)
            continue;
        struct rt_g *g = rt_runq_little(victim, 0) ? NULL : rt_runq_steal(p, victim, take_next);
        if (g)
            return g;
        int64_t next = rt_timers_next(&victim->timers);
        if (next == INT64_MAX)
            continue;
        if (now == 0)
            now = goro_now();
        if (next <= now) {
            rt_timers_run(victim, now, timers_room(p));
            g = rt_take_local(p);
            if (g)
                return g;
        }
    }
    return NULL;
}

static struct rt_g *search(struct rt_m *m)
{
    struct rt_p *p = m->p;
    int32_t busy = __atomic_load_n(&rt_sched.procs, __ATOMIC_RELAXED) -
                   __atomic_load_n(&rt_sched.idle_p_count, __ATOMIC_RELAXED);
    if (!m->spinning && 2 * __atomic_load_n(&rt_sched.spinning, __ATOMIC_RELAXED) >= busy)
        return NULL;
    if (!m->spinning) {
        m->spinning = true;
        __atomic_fetch_add(&rt_sched.spinning, 1, __ATOMIC_SEQ_CST);
    }
    for (int round = 0; round < STEAL_ROUNDS; round++) {
        struct rt_g *g = steal(p, round == STEAL_ROUNDS - 1);
        if (!g)
            g = take_global(p, RT_RUNQ / 2);
        if (g || __atomic_load_n(&rt_sched.stopping, __ATOMIC_RELAXED))
            return g;
    }
    return NULL;
}

int64_t rt_timers_earliest(void)
{
    int64_t earliest = INT64_MAX;
    for (int i = 0; i < rt_sched.made_ps; i++) {
        int64_t next = rt_timers_next(&rt_sched.ps[i]->timers);
        earliest = next < earliest ? next : earliest;
    }
    return earliest;
}

static struct rt_p *idle_p(void)
{
    rt_lock(&rt_sched.lock);
    struct rt_p *p = rt_p_idle_get();
    rt_unlock(&rt_sched.lock);
    return p;
}

/* After this M has given up its P and `spinning`: is there work that its maker left to us? */
static bool work_anywhere(void)
{
    if (__atomic_load_n(&rt_sched.global_count, __ATOMIC_SEQ_CST) > 0)
        return true;
    for (int i = 0; i < rt_sched.made_ps; i++)
        if (!rt_runq_empty(rt_sched.ps[i]) && !rt_runq_little(rt_sched.ps[i], 0))
            return true;
    return false;
}

void rt_timer_wake(int64_t when)
{
    if (when < __atomic_load_n(&rt_sched.poll_until, __ATOMIC_SEQ_CST))
        rt_poll_wake();
}

/* Without P: sleeps in the poller until a descriptor, a timer or a wake. What became ready is run or queued. */
static struct rt_g *sleep_in_poller(struct rt_m *m)
{
    struct rt_glist ready = {0};
    /* Published before the timers are read; rt_timer_wake reads it after a timer was added. */
    __atomic_store_n(&rt_sched.poll_until, INT64_MAX, __ATOMIC_SEQ_CST);
    int64_t until = rt_timers_earliest();
    __atomic_store_n(&rt_sched.poll_until, until, __ATOMIC_SEQ_CST);
    if (until > 0 && !__atomic_load_n(&rt_sched.stopping, __ATOMIC_SEQ_CST))
        rt_poll(NULL, until, &ready);
    __atomic_store_n(&rt_sched.poll_until, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&rt_sched.polling, 0, __ATOMIC_SEQ_CST);
    struct rt_p *p = idle_p();
    if (p) {
        rt_p_acquire(m, p);
        return first_of(p, &ready);
    }
    rt_lock(&rt_sched.lock);
    rt_global_put_list(&ready);
    rt_unlock(&rt_sched.lock);
    return NULL;
}

/* Gives up the P and sleeps; returns with a P, or to stop. */
static struct rt_g *go_idle(struct rt_m *m)
{
    rt_lock(&rt_sched.lock);
    if (rt_sched.global_count > 0) {
        struct rt_g *g = rt_global_get(m->p, RT_RUNQ / 2);
        rt_unlock(&rt_sched.lock);
        return g;
    }
    rt_p_idle_put(rt_p_release(m));
    rt_unlock(&rt_sched.lock);
    if (m->spinning) {
        m->spinning = false;
        __atomic_fetch_sub(&rt_sched.spinning, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (work_anywhere()) {
        struct rt_p *p = idle_p();
        if (p) {
            rt_p_acquire(m, p);
            m->spinning = true;
            __atomic_fetch_add(&rt_sched.spinning, 1, __ATOMIC_SEQ_CST);
            return NULL;
        }
    }
    struct rt_g *g = NULL;
    if (__atomic_exchange_n(&rt_sched.polling, 1, __ATOMIC_SEQ_CST) == 0)
        g = sleep_in_poller(m);
    return g;
}

/* A goroutine that was found goes to those who have a P; if it runs on this M only, it brings one. */
static void wait_for_p(struct rt_m *m)
{
    struct rt_g *g = m->found;
    m->found = NULL;
    if (g) {
        rt_lock(&rt_sched.lock);
        rt_global_put(g);
        rt_unlock(&rt_sched.lock);
    }
    if (!g || g->m != m) {
        rt_m_stop(m);
        return;
    }
    m->locked = g;
    rt_m_wait(m);
    m->locked = NULL;
    m->found = g;
}

/* Whose turn it is; NULL: the runtime stops. */
static struct rt_g *find(struct rt_m *m)
{
    if (RT_STEERED)
        return rt_det_find(m);
    while (!__atomic_load_n(&rt_sched.stopping, __ATOMIC_SEQ_CST)) {
        struct rt_p *p = m->p;
        if (!p) {
            wait_for_p(m);
            continue;
        }
        if (__atomic_load_n(&rt_sched.world, __ATOMIC_SEQ_CST) % 2) {
            rt_world_wait(m);
            if (!m->p) /* retired: it is not looking for work any more */
                stop_spinning(m);
            continue;
        }
        if (rt_sched.child == 1)
            rt_fork_threads();
        struct rt_g *g = m->found;
        m->found = NULL;
        if (g)
            return g;
        __atomic_store_n(&p->attention, 0, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&p->expired, __ATOMIC_RELAXED)) {
            p->expired = 0;
            if ((g = rt_take_next(p)))
                rt_runq_put(p, g);
        }
        run_timers(p);
        if (p->tick % RT_FAIR == 0 && ((g = take_global(p, 1)) || (g = poll_now(p))))
            return g;
        if ((g = rt_take_local(p)) || (g = take_global(p, RT_RUNQ / 2)) || (g = poll_now(p)) || (g = search(m)))
            return g;
        if ((g = go_idle(m)))
            return g;
    }
    return NULL;
}

void rt_schedule(struct rt_m *m)
{
    for (;;) {
        if (m->after) {
            void (*after)(void *) = m->after;
            m->after = NULL;
            after(m->after_arg);
        }
        if (__atomic_load_n(&m->fate, __ATOMIC_ACQUIRE) == RT_M_ABANDONED)
            return;
        if (m->locked) {
            if (m->p)
                rt_p_hand_off(rt_p_release(m));
            rt_m_wait(m);
            m->found = m->locked;
            m->locked = NULL;
        }
        struct rt_g *g = find(m);
        if (!g)
            return;
        stop_spinning(m);
        if (g->m == &rt_lost_m)
            continue;
        if (g->m && g->m != m) {
            rt_run_locked(m, g);
            continue;
        }
        if (!g->sp)
            rt_task_bind(g);
        rt_become(m, &m->g0, g);
        rt_ctx_switch(&m->g0.sp, g->sp);
        rt_fiber_land(&m->g0);
    }
}
