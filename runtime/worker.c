/* Ms: OS threads that run goroutines, and the handing over of Ps between them.
 *
 * An M without a P sleeps on its own futex (m->park) and is on the idle list, or belongs to a goroutine that only runs there
 * (m->locked). Who wakes it has put a P into m->next_p before. Ms are never ended before the runtime ends: as many as were
 * ever needed at once, each costs a thread's stack. */
#include "sched.h"

#include <errno.h>

#include "os.h"
#include "panic.h"

enum { M_STACK = 256 << 10, M_SIGNAL_STACK = 64 << 10, MOST_MS = 10000 };

void rt_p_acquire(struct rt_m *m, struct rt_p *p)
{
    m->p = p;
    p->m = m;
    __atomic_store_n(&p->status, RT_P_RUNNING, __ATOMIC_SEQ_CST);
}

struct rt_p *rt_p_release(struct rt_m *m)
{
    struct rt_p *p = m->p;
    m->p = NULL;
    p->m = NULL;
    return p;
}

void rt_p_idle_put(struct rt_p *p)
{
    __atomic_store_n(&p->status, RT_P_IDLE, __ATOMIC_SEQ_CST);
    p->idle_next = rt_sched.idle_ps;
    rt_sched.idle_ps = p;
    __atomic_fetch_add(&rt_sched.idle_p_count, 1, __ATOMIC_SEQ_CST);
}

struct rt_p *rt_p_idle_get(void)
{
    struct rt_p *p = rt_sched.idle_ps;
    if (!p)
        return NULL;
    rt_sched.idle_ps = p->idle_next;
    __atomic_fetch_sub(&rt_sched.idle_p_count, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&rt_sched.sysmon_sleeps, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&rt_sched.sysmon_sleeps, 0, __ATOMIC_SEQ_CST);
        rt_futex_wake(&rt_sched.sysmon_sleeps, 1);
    }
    return p;
}

static void wake(struct rt_m *m)
{
    __atomic_store_n(&m->park, 1, __ATOMIC_RELEASE);
    rt_futex_wake(&m->park, 1);
}

static void *thread_main(void *arg)
{
    struct rt_m *m = arg;
    stack_t stack = {.ss_sp = m->signal_stack, .ss_size = M_SIGNAL_STACK};
    sigaltstack(&stack, NULL);
    rt_set_m(m);
    rt_set_self(&m->g0);
    rt_enter();
    m->errno_place = &errno;
    m->tid = rt_tid();
    if (m->next_p) {
        struct rt_p *p = m->next_p;
        m->next_p = NULL;
        rt_p_acquire(m, p);
        rt_schedule(m);
    }
    if (m->p) {
        rt_lock(&rt_sched.lock);
        rt_p_idle_put(rt_p_release(m));
        rt_unlock(&rt_sched.lock);
    }
    rt_leave();
    rt_set_self(NULL);
    rt_set_m(NULL);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    return NULL;
}

int rt_m_new(struct rt_p *p, bool spinning)
{
    struct rt_m *m = rt_alloc(sizeof *m);
    char *signal_stack = rt_alloc(M_SIGNAL_STACK);
    pthread_attr_t attributes;
    int error = ENOMEM;
    if (!m || !signal_stack)
        goto fail;
    m->next_p = p;
    m->spinning = spinning;
    m->signal_stack = signal_stack;
    m->g0.status = RT_RUNNING;
    m->g0.system = 1;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, M_STACK);
    rt_lock(&rt_sched.lock);
    m->id = rt_sched.m_count++;
    error = m->id < MOST_MS ? pthread_create(&m->thread, &attributes, thread_main, m) : EAGAIN;
    if (error == 0) {
        m->all_next = rt_sched.ms;
        __atomic_store_n(&rt_sched.ms, m, __ATOMIC_RELEASE);
    }
    rt_unlock(&rt_sched.lock);
    pthread_attr_destroy(&attributes);
    if (error == 0)
        return 0;
fail:
    rt_free(m, sizeof *m);
    rt_free(signal_stack, M_SIGNAL_STACK);
    return -error;
}

void rt_m_run(struct rt_p *p, bool spinning)
{
    rt_lock(&rt_sched.lock);
    struct rt_m *m = rt_sched.idle_ms;
    if (m) {
        rt_sched.idle_ms = m->idle_next;
        rt_sched.idle_m_count--;
    }
    rt_unlock(&rt_sched.lock);
    if (m) {
        m->spinning = spinning;
        m->next_p = p;
        wake(m);
        return;
    }
    int error = rt_m_new(p, spinning);
    if (error == 0)
        return;
    /* No thread: the P waits for one of those that are there. */
    rt_lock(&rt_sched.lock);
    rt_p_idle_put(p);
    rt_unlock(&rt_sched.lock);
    if (spinning)
        __atomic_fetch_sub(&rt_sched.spinning, 1, __ATOMIC_SEQ_CST);
}

void rt_m_stop(struct rt_m *m)
{
    if (!m->locked) {
        rt_lock(&rt_sched.lock);
        m->idle_next = rt_sched.idle_ms;
        rt_sched.idle_ms = m;
        rt_sched.idle_m_count++;
        rt_unlock(&rt_sched.lock);
    }
    while (!__atomic_load_n(&m->park, __ATOMIC_ACQUIRE))
        rt_futex_wait(&m->park, 0, GORO_FOREVER);
    __atomic_store_n(&m->park, 0, __ATOMIC_RELAXED);
    struct rt_p *p = m->next_p;
    m->next_p = NULL;
    if (p)
        rt_p_acquire(m, p);
}

void rt_p_hand_off(struct rt_p *p)
{
    if (!rt_runq_empty(p) || __atomic_load_n(&rt_sched.global_count, __ATOMIC_SEQ_CST) > 0) {
        rt_m_run(p, false);
        return;
    }
    /* Nobody looks for work and no P is idle: what others make is ours to look for. */
    int32_t none = 0;
    if (__atomic_load_n(&rt_sched.idle_p_count, __ATOMIC_SEQ_CST) == 0 &&
        __atomic_compare_exchange_n(&rt_sched.spinning, &none, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        rt_m_run(p, true);
        return;
    }
    rt_lock(&rt_sched.lock);
    if (rt_sched.global.count > 0) {
        rt_unlock(&rt_sched.lock);
        rt_m_run(p, false);
        return;
    }
    rt_p_idle_put(p);
    rt_unlock(&rt_sched.lock);
    /* The poller computed its deadline without this P's timers only if they were added since; it re-reads all. */
    rt_timer_wake(rt_timers_next(&p->timers));
}

void rt_run_locked(struct rt_m *m, struct rt_g *g)
{
    struct rt_m *owner = g->m;
    owner->next_p = rt_p_release(m);
    wake(owner);
    rt_m_stop(m);
}

/* All Ms sleep or are about to look at `stopping`. */
void rt_ms_wake_all(void)
{
    for (struct rt_m *m = __atomic_load_n(&rt_sched.ms, __ATOMIC_ACQUIRE); m; m = m->all_next)
        wake(m);
    rt_poll_wake();
}

void rt_ms_join(void)
{
    struct rt_m *next;
    for (struct rt_m *m = rt_sched.ms; m; m = next) {
        next = m->all_next;
        pthread_join(m->thread, NULL);
        rt_free(m->signal_stack, M_SIGNAL_STACK);
        rt_free(m, sizeof *m);
    }
    rt_sched.ms = NULL;
}
