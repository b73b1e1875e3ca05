/* Stopping the world: every P but the caller's is taken out of use, at g0 or idle, so that no goroutine is in the middle of
 * anything. For fork and for changing the number of Ps.
 *
 * Idle Ps are taken off the list, those in blocking calls are taken as sysmon would, running ones are asked: attention, and the
 * preemption signal for goroutines that compute (they freeze, and the P arrives at g0 of another M). An M that comes to g0 with
 * a P waits there, on the futex `world`, and keeps it.
 *
 * rt_sched.world counts: odd while it is stopping or stopped. A thread that waits for the end of one stop must take part in
 * the next one, which may begin before it has woken. One stopper at a time: the second one yields, and so stops for the first. */
#include "world.h"

#include <string.h>

#include "maker.h"
#include "os.h"
#include "preempt.h"
#include "sched.h"

void rt_world_wait(struct rt_m *m)
{
    struct rt_p *p = m->p;
    uint32_t stop = __atomic_load_n(&rt_sched.world, __ATOMIC_SEQ_CST);
    if (stop % 2 == 0)
        return;
    __atomic_store_n(&p->status, RT_P_STOPPED, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&rt_sched.world_changes, 1, __ATOMIC_SEQ_CST);
    rt_futex_wake(&rt_sched.world_changes, 1);
    while (__atomic_load_n(&rt_sched.world, __ATOMIC_SEQ_CST) == stop)
        rt_futex_wait(&rt_sched.world, stop, GORO_FOREVER);
    /* Whoever started the world has decided about the P. */
    if (p->m != m)
        m->p = NULL;
}

static void take_idle(void)
{
    rt_lock(&rt_sched.lock);
    for (struct rt_p *p; (p = rt_p_idle_get());)
        __atomic_store_n(&p->status, RT_P_STOPPED, __ATOMIC_SEQ_CST);
    rt_unlock(&rt_sched.lock);
}

/* Asks all that run; how many do not stand still yet. */
static int ask(struct rt_p *mine, bool press)
{
    int running = 0;
    take_idle();
    for (int i = 0; i < rt_sched.made_ps; i++) {
        struct rt_p *p = rt_sched.ps[i];
        uint8_t status = __atomic_load_n(&p->status, __ATOMIC_SEQ_CST), blocked = RT_P_BLOCKED;
        if (p == mine || status == RT_P_STOPPED || status == RT_P_GONE)
            continue;
        if (status == RT_P_BLOCKED && __atomic_compare_exchange_n(&p->status, &blocked, RT_P_STOPPED, false,
                                                                  __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
            p->m = NULL;
            continue;
        }
        running++;
        __atomic_store_n(&p->attention, 1, __ATOMIC_SEQ_CST);
        if (press && rt_maker_ready())
            rt_preempt(p);
    }
    return running;
}

void rt_world_stop(void)
{
    for (;;) {
        rt_enter();
        uint32_t runs = __atomic_load_n(&rt_sched.world, __ATOMIC_SEQ_CST) & ~1u;
        if (__atomic_compare_exchange_n(&rt_sched.world, &runs, runs + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            break;
        rt_leave();
        goro_yield();
    }
    struct rt_p *mine = rt_this_p();
    for (int round = 0;; round++) {
        uint32_t changes = __atomic_load_n(&rt_sched.world_changes, __ATOMIC_SEQ_CST);
        if (ask(mine, round > 0) == 0)
            return;
        int64_t pause = round == 0 ? 100 * GORO_MICROSECOND : GORO_MILLISECOND;
        rt_futex_wait(&rt_sched.world_changes, changes, rt_clock() + pause);
    }
}

void rt_world_start(void)
{
    struct rt_p *mine = rt_this_p();
    /* The Ps of waiting Ms first, then the world, then those that need an M. */
    struct rt_p *free[RT_MAX_PROCS];
    int count = 0;
    for (int i = 0; i < rt_sched.made_ps; i++) {
        struct rt_p *p = rt_sched.ps[i];
        if (p == mine || __atomic_load_n(&p->status, __ATOMIC_SEQ_CST) != RT_P_STOPPED)
            continue;
        if (p->m)
            __atomic_store_n(&p->status, RT_P_RUNNING, __ATOMIC_SEQ_CST);
        else
            free[count++] = p;
    }
    /* On its way to an M it must not look stopped to the next stop. */
    for (int i = 0; i < count; i++)
        __atomic_store_n(&free[i]->status, RT_P_IDLE, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&rt_sched.world, 1, __ATOMIC_SEQ_CST);
    rt_futex_wake(&rt_sched.world, INT32_MAX);
    for (int i = 0; i < count; i++)
        rt_p_hand_off(free[i]);
    rt_leave();
}

/* ---- the number of Ps ---- */

/* What p has goes to everybody. Requires: the world is stopped. */
static void retire(struct rt_p *p, struct rt_p *heir)
{
    struct rt_glist list = {0};
    for (struct rt_g *g; (g = rt_runq_get(p));)
        rt_glist_push(&list, g);
    if (p->runnext)
        rt_glist_push(&list, p->runnext);
    p->runnext = NULL;
    rt_lock(&rt_sched.lock);
    rt_global_put_list(&list);
    rt_unlock(&rt_sched.lock);
    rt_timers_move(p, heir);
    rt_tasks_flush(p);
    rt_stack_flush(rt_sched.default_class, &p->stacks);
    p->m = NULL;
    __atomic_store_n(&p->status, RT_P_GONE, __ATOMIC_SEQ_CST);
}

/* The caller's P becomes ps[0], whose M, if any, is left without. */
static void move_to_first(void)
{
    struct rt_m *m = rt_this_m();
    struct rt_p *mine = m->p, *first = rt_sched.ps[0];
    mine->m = NULL;
    __atomic_store_n(&mine->status, RT_P_STOPPED, __ATOMIC_SEQ_CST);
    rt_p_acquire(m, first);
}

int goro_gomaxprocs(int n)
{
    int before = __atomic_load_n(&rt_sched.procs, __ATOMIC_RELAXED);
    if (n <= 0 || n == before || RT_STEERED)
        return before;
    rt_goroutine("goro_gomaxprocs");
    n = n < RT_MAX_PROCS ? n : RT_MAX_PROCS;
    rt_world_stop();
    before = rt_sched.procs;
    if (rt_this_p()->id >= n)
        move_to_first();
    int made = rt_sched.made_ps;
    for (int i = n; i < made; i++)
        if (rt_sched.ps[i]->status != RT_P_GONE)
            retire(rt_sched.ps[i], rt_this_p());
    for (int i = 0; i < n && i < made; i++)
        if (rt_sched.ps[i]->status == RT_P_GONE)
            rt_sched.ps[i]->status = RT_P_STOPPED;
    rt_lock(&rt_sched.lock);
    if (n > made && rt_make_ps(n) < 0)
        n = rt_sched.made_ps;
    rt_unlock(&rt_sched.lock);
    rt_procs_set(n);
    rt_world_start();
    return before;
}
