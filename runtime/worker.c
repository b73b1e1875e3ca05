/* Ms: OS threads that run goroutines, and the handing over of Ps between them.
 *
 * An M without a P sleeps on its own futex (m->park) and is on the idle list, or belongs to a goroutine that only runs there
 * (m->locked). Who wakes it has put a P into m->next_p before. Ms are never ended before the runtime ends: as many as were
 * ever needed at once, each costs a thread's stack. */
#include "sched.h"

#include <errno.h>
#include <sys/mman.h>

#include "fiber.h"
#include "maker.h"
#include "os.h"
#include "panic.h"
#include "preempt.h"
#include "sysmon.h"
#include "worker.h"

enum { M_STACK = 256 << 10, M_SIGNAL_STACK = 64 << 10, MOST_MS = 10000, STOCK = 2 /* idle Ms, for preemption */ };
#define PATIENCE (20 * GORO_MILLISECOND)
/* Milliseconds until the end of the runtime gives up one who does not hear its signal: a detector keeps signals back while it
 * names the lines of a report, which may take a second. */
enum { MOST_TRIES = 10000 };

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
        rt_sysmon_wake();
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
    rt_stack_of_thread();
    rt_set_m(m);
    rt_set_self(&m->g0);
    rt_enter();
    rt_emit_hosts();
    m->errno_place = &errno;
    m->tid = rt_tid();
    struct rt_p *p = m->next_p;
    m->next_p = NULL;
    if (p) {
        rt_p_acquire(m, p);
    } else {
        __atomic_fetch_sub(&rt_sched.starting_ms, 1, __ATOMIC_RELAXED);
        rt_m_stop(m);
    }
    rt_schedule(m);
    rt_set_self(NULL);
    rt_set_m(NULL);
    rt_leave();
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    uint32_t lives = RT_M_LIVES;
    if (__atomic_compare_exchange_n(&m->fate, &lives, RT_M_ENDED, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        rt_sysmon_wake();
    return NULL;
}

void rt_m_leave(struct rt_m *m)
{
    m->p = NULL;
    __atomic_store_n(&m->fate, RT_M_ABANDONED, __ATOMIC_RELEASE);
    rt_set_self(NULL);
}

void rt_m_abandon(struct rt_m *m)
{
    struct rt_g *g = m->current;
    rt_set_self(&m->g0);
    rt_emit_runs(NULL);
    rt_fiber_leave(g, &m->g0);
    rt_ctx_switch(&g->sp, m->g0.sp);
    __builtin_unreachable();
}

/* A mapping of its own: what a handler's frames leave behind is nobody's for valgrind, and must not be given to others. */
static char *signal_stack_new(void)
{
    char *stack = mmap(NULL, M_SIGNAL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    return stack == MAP_FAILED ? NULL : stack;
}

static void signal_stack_free(char *stack)
{
    if (stack)
        munmap(stack, M_SIGNAL_STACK);
}

int rt_m_new(struct rt_p *p, bool spinning)
{
    struct rt_m *m = rt_alloc(sizeof *m);
    char *signal_stack = signal_stack_new();
    pthread_attr_t attributes;
    int error = ENOMEM;
    if (!m || !signal_stack)
        goto fail;
    m->next_p = p;
    m->spinning = spinning;
    m->signal_stack = signal_stack;
    m->g0.status = RT_RUNNING;
    m->g0.system = 1;
    m->id = rt_sched.m_count;
    error = EAGAIN;
    if (m->id >= MOST_MS)
        goto fail;
    __atomic_store_n(&rt_sched.m_count, m->id + 1, __ATOMIC_RELAXED);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, M_STACK);
    error = pthread_create(&m->thread, &attributes, thread_main, m);
    pthread_attr_destroy(&attributes);
    if (error) {
        __atomic_store_n(&rt_sched.m_count, m->id, __ATOMIC_RELAXED);
        goto fail;
    }
    m->all_next = rt_sched.ms;
    __atomic_store_n(&rt_sched.ms, m, __ATOMIC_RELEASE);
    return 0;
fail:
    rt_free(m, sizeof *m);
    signal_stack_free(signal_stack);
    return -error;
}

static bool stock_is_low(void)
{
    return __atomic_load_n(&rt_sched.starting_ms, __ATOMIC_RELAXED) +
               __atomic_load_n(&rt_sched.idle_m_count, __ATOMIC_RELAXED) <
           STOCK;
}

bool rt_ms_wanted(void)
{
    return __atomic_load_n(&rt_sched.wanting, __ATOMIC_RELAXED) || stock_is_low();
}

void rt_ms_supply(void)
{
    int error = 0;
    while (__atomic_load_n(&rt_sched.wanting, __ATOMIC_ACQUIRE)) {
        rt_lock(&rt_sched.lock);
        struct rt_p *p = rt_sched.wanting;
        if (p)
            rt_sched.wanting = p->idle_next;
        rt_unlock(&rt_sched.lock);
        if (!p || (error = rt_m_new(p, p->wants_spinning)) == 0)
            continue;
        /* No thread to be had: the P is left to those that are there, which look for idle ones. */
        if (p->wants_spinning)
            __atomic_fetch_sub(&rt_sched.spinning, 1, __ATOMIC_SEQ_CST);
        rt_lock(&rt_sched.lock);
        rt_p_idle_put(p);
        rt_unlock(&rt_sched.lock);
        return;
    }
    while (error == 0 && stock_is_low()) {
        __atomic_fetch_add(&rt_sched.starting_ms, 1, __ATOMIC_RELAXED);
        error = rt_m_new(NULL, false);
        if (error)
            __atomic_fetch_sub(&rt_sched.starting_ms, 1, __ATOMIC_RELAXED);
    }
}

struct rt_m *rt_m_heir(bool *resumes)
{
    struct rt_m *m = rt_sched.idle_ms;
    if (m) {
        rt_sched.idle_ms = m->idle_next;
        __atomic_fetch_sub(&rt_sched.idle_m_count, 1, __ATOMIC_RELAXED);
    }
    struct rt_g *frozen = m ? NULL : rt_frozen_get();
    *resumes = frozen != NULL;
    return frozen ? frozen->m : m;
}

void rt_m_wake(struct rt_m *m, struct rt_p *p, bool spinning)
{
    m->spinning = spinning;
    m->next_p = p;
    wake(m);
}

/* Threads are made by others (maker.c). Without an M, a frozen goroutine has the P: it may be the one that holds what a new thread
 * waits for. */
void rt_m_run(struct rt_p *p, bool spinning)
{
    rt_lock(&rt_sched.lock);
    bool resumes;
    struct rt_m *m = rt_m_heir(&resumes);
    if (resumes && spinning) {
        __atomic_fetch_sub(&rt_sched.spinning, 1, __ATOMIC_SEQ_CST);
        spinning = false;
    } else if (!m) {
        p->wants_spinning = spinning;
        p->idle_next = rt_sched.wanting;
        __atomic_store_n(&rt_sched.wanting, p, __ATOMIC_RELEASE);
    }
    rt_unlock(&rt_sched.lock);
    if (m)
        rt_m_wake(m, p, spinning);
    else
        rt_sysmon_wake();
}

void rt_m_wait(struct rt_m *m)
{
    while (!__atomic_load_n(&m->park, __ATOMIC_ACQUIRE))
        rt_futex_wait(&m->park, 0, GORO_FOREVER);
    __atomic_store_n(&m->park, 0, __ATOMIC_RELAXED);
    struct rt_p *p = m->next_p;
    m->next_p = NULL;
    if (p)
        rt_p_acquire(m, p);
}

void rt_m_stop(struct rt_m *m)
{
    rt_lock(&rt_sched.lock);
    struct rt_p *p = rt_sched.wanting;
    if (p) {
        rt_sched.wanting = p->idle_next;
        m->spinning = p->wants_spinning;
    } else {
        m->idle_next = rt_sched.idle_ms;
        rt_sched.idle_ms = m;
        __atomic_fetch_add(&rt_sched.idle_m_count, 1, __ATOMIC_RELAXED);
    }
    rt_unlock(&rt_sched.lock);
    if (p)
        rt_p_acquire(m, p);
    else
        rt_m_wait(m);
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
    if (rt_sched.global_count > 0) {
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
    __atomic_store_n(&m->p->tick, m->p->tick + 1, __ATOMIC_RELAXED);
    rt_m_wake(g->m, rt_p_release(m), false);
    rt_m_stop(m);
}

/* The end. Ms look at `stopping` whenever they come to g0; those that sleep are woken. Some do not come: in a blocking call,
 * or computing. They get a moment, then they are abandoned: their threads run on as threads that are not ours, and end where
 * they would enter the scheduler; what they may still touch is not freed. */

static int still_living(void)
{
    int living = 0;
    for (struct rt_m *m = rt_sched.ms; m; m = m->all_next)
        living += __atomic_load_n(&m->fate, __ATOMIC_ACQUIRE) == RT_M_LIVES;
    return living;
}

static void wait_for_ms(int64_t until)
{
    for (;;) {
        uint32_t word = __atomic_load_n(&rt_sched.sysmon_word, __ATOMIC_SEQ_CST);
        for (struct rt_m *m = rt_sched.ms; m; m = m->all_next)
            if (__atomic_load_n(&m->fate, __ATOMIC_ACQUIRE) == RT_M_LIVES)
                wake(m);
        rt_poll_wake();
        int64_t now = rt_clock();
        if (still_living() == 0 || now >= until)
            return;
        int64_t soon = now + GORO_MILLISECOND;
        rt_futex_wait(&rt_sched.sysmon_word, word, soon < until ? soon : until);
    }
}

static bool abandon_blocked(struct rt_m *m)
{
    uint32_t in_call = 1;
    return __atomic_compare_exchange_n(&m->blocking, &in_call, 2, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

bool rt_ms_end(void)
{
    bool all = true;
    struct rt_m *next;
    wait_for_ms(rt_clock() + PATIENCE);
    rt_maker_stop();
    for (struct rt_m *m = rt_sched.ms; m; m = next) {
        next = m->all_next;
        for (int tries = 0; __atomic_load_n(&m->fate, __ATOMIC_ACQUIRE) == RT_M_LIVES && tries < MOST_TRIES; tries++) {
            if (abandon_blocked(m)) {
                __atomic_store_n(&m->fate, RT_M_ABANDONED, __ATOMIC_RELEASE);
            } else {
                rt_preempt_abandon(m);
                wait_for_ms(rt_clock() + GORO_MILLISECOND);
            }
        }
        if (__atomic_load_n(&m->fate, __ATOMIC_ACQUIRE) != RT_M_ENDED) {
            pthread_detach(m->thread);
            all = false;
            continue;
        }
        pthread_join(m->thread, NULL);
        signal_stack_free(m->signal_stack);
        m->after_arg = NULL; /* or left.c would find there what somebody once waited for */
        rt_free(m, sizeof *m);
    }
    rt_sched.ms = NULL;
    return all;
}
