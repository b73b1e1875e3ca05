/* The scheduler.
 *
 * Switches are direct: a goroutine that parks, yields or ends takes the next one off its P's queue itself and jumps to it. What
 * must not happen before its registers are saved (releasing the lock of what it waits on, queueing itself) is left as
 * m->after and done by whoever runs next, first thing (rt_landed). Only when the queue is empty, or every 64th time, or when
 * somebody asks for attention, it goes to g0, the scheduler's context on the thread's own stack, which looks further:
 * timers, global queue, poller, other Ps.
 *
 * Fairness: every 64th time g0 takes from the global queue first, runs timers and polls. A goroutine in runnext inherits the time
 * slice of the one that readied it; when sysmon finds a slice over 10 ms, runnext goes to the end of the ring.
 *
 * Waking threads. An M with a P and no work spins for a moment: it steals, and is counted in `spinning`. Who makes work
 * wakes a sleeping M only if a P is idle and nobody spins; the spinner that finds work wakes the next one. So threads are
 * woken one at a time and as long as there is work, not one per event. The dangerous moment is a spinner that gives up while
 * work is made: the maker queues, then reads `spinning`; the spinner leaves `spinning`, then looks at all queues again. Both
 * are sequentially consistent: one of them sees the other.
 * A pair that takes turns needs no other M: while this P has itself run what was in runnext the last TRUST times or more, one
 * goroutine that is made ready there, with nothing else queued, wakes nobody. If the trust is betrayed (the goroutine goes on computing),
 * sysmon sees the work and wakes an M, which takes it, and with it the trust.
 *
 * The last idle M sleeps in the poller until the earliest timer of all Ps; the others on their own futex. */
#include "sched.h"

#include "det.h"
#include "fiber.h"
#include "fork.h"
#include "os.h"
#include "panic.h"
#include "world.h"

enum { FAIR = 64, STEAL_ROUNDS = 4, TRUST = 16 };

struct rt_sched rt_sched;

struct rt_p *rt_this_p(void)
{
    struct rt_m *m = rt_this_m();
    return m ? m->p : NULL;
}

struct rt_timers *rt_p_timers(struct rt_p *p)
{
    return &p->timers;
}

struct rt_p *rt_any_p(void)
{
    return rt_sched.ps[0];
}

static struct rt_g *take_next(struct rt_p *p)
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

static struct rt_g *take_local(struct rt_p *p)
{
    struct rt_g *g = take_next(p);
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
    if (p->tick % FAIR == 0 || __atomic_load_n(&p->attention, __ATOMIC_RELAXED))
        return NULL;
    struct rt_g *g = take_local(p);
    if (g && g->m) { /* runs on another M only */
        m->found = g;
        return NULL;
    }
    return g;
}

/* from: who runs until now; NULL: and never again. */
static void become(struct rt_m *m, struct rt_g *from, struct rt_g *g)
{
    if (g == &m->g0) {
        m->current = NULL;
    } else {
        m->current = g;
        g->m = m;
        __atomic_store_n(&g->status, RT_RUNNING, __ATOMIC_RELAXED);
    }
    rt_set_self(g);
    rt_emit_runs(g);
    rt_fiber_leave(from, g);
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
void rt_leave_running(struct rt_g *g, void (*after)(void *), void *arg)
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
    become(m, g, to);
    rt_ctx_switch(&g->sp, to->sp);
    rt_landed();
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
        become(m, NULL, to);
        rt_ctx_start(rt_stack_top(to->stack_class, to->stack), to);
    }
    if (!to)
        to = &m->g0;
    else if (!to->sp)
        rt_task_bind(to);
    m->after = after;
    m->after_arg = arg;
    become(m, NULL, to);
    rt_ctx_switch(&g->sp, to->sp);
    __builtin_unreachable();
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

/* Work was queued, on this P or globally: before `spinning` is read, see above. fenced: by a locked instruction. */
static void look_for_helpers(const struct rt_p *p, bool fenced)
{
    if (p && p->alone)
        return;
    if (!fenced)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    rt_wake_p();
}

/* What was next until now; NULL: nothing. */
static struct rt_g *put_next(struct rt_p *p, struct rt_g *g)
{
    if (!p->alone)
        return __atomic_exchange_n(&p->runnext, g, __ATOMIC_SEQ_CST);
    struct rt_g *before = p->runnext;
    __atomic_store_n(&p->runnext, g, __ATOMIC_RELEASE);
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
    look_for_helpers(p, !g);
    rt_leave();
}

/* The only work of this P besides what runs here, which has lately always stopped and run it: nobody is woken to look for it. */
static bool hand_over(struct rt_g *g)
{
    bool handed = false;
    rt_enter();
    struct rt_p *p = rt_this_p();
    if (p && __atomic_load_n(&p->handovers, __ATOMIC_RELAXED) >= TRUST && !p->runnext &&
        __atomic_load_n(&p->head, __ATOMIC_RELAXED) == p->tail) {
        __atomic_store_n(&g->status, RT_RUNNABLE, __ATOMIC_RELAXED);
        /* Others only take what is there: a store does. */
        __atomic_store_n(&p->runnext, g, __ATOMIC_RELEASE);
        handed = true;
    }
    rt_leave();
    return handed;
}

void rt_ready(struct rt_g *g)
{
    rt_emit_unblock(g);
    if (!hand_over(g))
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
    look_for_helpers(p, false);
    rt_leave();
}

static void park(void (*unlock)(void *), void *arg, enum rt_reason reason, const void *object, bool timed)
{
    struct rt_g *g = rt_goroutine("waiting");
    rt_emit_block(g, object, reason, timed);
    g->reason = (uint8_t)reason;
    g->object = object;
    g->since = rt_sched.coarse;
    __atomic_store_n(&g->status, RT_WAITING, __ATOMIC_RELAXED);
    rt_leave_running(g, unlock, arg);
}

void rt_park(void (*unlock)(void *arg), void *arg, enum rt_reason reason, const void *object)
{
    rt_enter();
    park(unlock, arg, reason, object, false);
}

void rt_park_locked(struct rt_lock *lock, enum rt_reason reason, const void *object)
{
    rt_enter();
    park(rt_unlock_arg, lock, reason, object, false);
}

void rt_park_timed(void (*unlock)(void *arg), void *arg, enum rt_reason reason, const void *object)
{
    rt_enter();
    park(unlock, arg, reason, object, true);
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

/* ---- g0 ---- */

static void stop_spinning(struct rt_m *m)
{
    if (!m->spinning)
        return;
    m->spinning = false;
    /* The last spinner has found work: where there was some there may be more. */
    if (__atomic_sub_fetch(&rt_sched.spinning, 1, __ATOMIC_SEQ_CST) == 0)
        rt_wake_p();
}

static void run_timers(struct rt_p *p)
{
    if (rt_timers_next(&p->timers) != INT64_MAX)
        rt_timers_run(p, goro_now());
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
        struct rt_g *g = rt_runq_steal(p, victim, take_next);
        if (g)
            return g;
        int64_t next = rt_timers_next(&victim->timers);
        if (next == INT64_MAX)
            continue;
        if (now == 0)
            now = goro_now();
        if (next <= now) {
            rt_timers_run(victim, now);
            g = take_local(p);
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

static int64_t earliest_timer(void)
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
        if (!rt_runq_empty(rt_sched.ps[i]))
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
    int64_t until = earliest_timer();
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
    if (rt_sched.global.count > 0) {
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
            if ((g = take_next(p)))
                rt_runq_put(p, g);
        }
        run_timers(p);
        if (p->tick % FAIR == 0 && ((g = take_global(p, 1)) || (g = poll_now(p))))
            return g;
        if ((g = take_local(p)) || (g = take_global(p, RT_RUNQ / 2)) || (g = poll_now(p)) || (g = search(m)))
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
        become(m, &m->g0, g);
        rt_ctx_switch(&m->g0.sp, g->sp);
        rt_fiber_land(&m->g0);
    }
}
