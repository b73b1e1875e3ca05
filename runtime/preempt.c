/* Preemption: a goroutine that computes for more than 10 ms while others wait is taken off its P.
 *
 * C has no safe points: the goroutine may be hit inside of malloc or printf, with a lock held and thread-local state half
 * written. Switching stacks there and going on elsewhere would corrupt both. So the goroutine keeps its thread ("KLT switching",
 * Shiina et al., "Lightweight Preemptive User-Level Threads", PPoPP 2021): the signal handler gives the P to another M, puts the
 * goroutine on the global queue as one that only runs here (g->m), and sleeps in the handler. Whoever takes the
 * goroutine off the queue gives its P to this M, and the handler returns. Nothing about the interrupted code is
 * assumed, except that it does not hold an rt_lock or use the P: there `locks` is above 0 and the handler does nothing.
 *
 * The handler must not create threads, for pthread_create allocates, and the frozen code may hold malloc's lock. It needs an
 * idle M; some are kept in stock (maker.c). Without one, the P goes to a goroutine that was frozen before and has its M: if those that
 * run all wait for a lock that a frozen one holds, and new Ms do so, too, it comes to its turn all the same.
 *
 * SIGURG: ignored by default, and harmless where it strays. SA_RESTART, but calls like nanosleep may end with EINTR.
 * Rejected: editing the context so that the goroutine calls the scheduler (Go): needs the compiler's safe points. */
#include "preempt.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os.h"
#include "sched.h"
#include "trace.h"
#include "worker.h"

static struct sigaction before;

static void pass_on(int signal, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO)
        before.sa_sigaction(signal, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(signal);
}

/* On the goroutine's thread; returns when it has a P again. */
static void freeze(struct rt_m *m, struct rt_g *g)
{
    rt_lock(&rt_sched.lock);
    bool resumes;
    struct rt_m *heir = rt_m_heir(&resumes);
    if (heir) {
        __atomic_store_n(&g->status, RT_FROZEN, __ATOMIC_RELAXED);
        g->since = rt_sched.coarse;
        rt_frozen_put(g);
    }
    rt_unlock(&rt_sched.lock);
    if (!heir)
        return;
    struct rt_p *p = rt_p_release(m);
    __atomic_store_n(&p->slice, p->slice + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&m->frozen, 1, __ATOMIC_RELEASE);
    rt_m_wake(heir, p, false);
    rt_m_wait(m);
    __atomic_store_n(&m->frozen, 0, __ATOMIC_RELEASE);
    if (__atomic_load_n(&rt_sched.halting, __ATOMIC_ACQUIRE))
        rt_halted(m);
    if (!m->p) /* the runtime ends */
        rt_m_leave(m);
    else
        __atomic_store_n(&g->status, RT_RUNNING, __ATOMIC_RELAXED);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
    struct rt_m *m = rt_this_m();
    struct rt_g *g = rt_self();
    int saved = errno;
    uint8_t wish = m ? __atomic_load_n(&m->wish, __ATOMIC_ACQUIRE) : RT_WISH_NONE;
    if (wish == RT_WISH_NONE)
        pass_on(signal, info, context);
    else if (wish == RT_WISH_HALT)
        rt_halted(m);
    else if (rt_locks() == 0 && g && !g->system && m->p) {
        rt_enter();
        __atomic_store_n(&m->wish, RT_WISH_NONE, __ATOMIC_RELAXED);
        if (wish == RT_WISH_FREEZE)
            freeze(m, g);
        else
            rt_m_leave(m);
        rt_leave();
    }
    errno = saved;
}

static void ask(struct rt_m *m, enum rt_wish wish)
{
    __atomic_store_n(&m->wish, wish, __ATOMIC_RELEASE);
    syscall(SYS_tgkill, getpid(), m->tid, SIGURG);
}

void rt_preempt(struct rt_p *p)
{
    struct rt_m *m = __atomic_load_n(&p->m, __ATOMIC_ACQUIRE);
    if (m)
        ask(m, RT_WISH_FREEZE);
}

void rt_preempt_abandon(struct rt_m *m)
{
    ask(m, RT_WISH_ABANDON);
}

void rt_preempt_halt(struct rt_m *m)
{
    struct rt_g *g = m->current;
    if (g && __atomic_load_n(&g->status, __ATOMIC_ACQUIRE) == RT_FROZEN)
        rt_m_wake(m, NULL, false);
    else
        ask(m, RT_WISH_HALT);
}

void rt_preempt_start(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    sigaction(SIGURG, &action, &before);
}

void rt_preempt_stop(void)
{
    sigaction(SIGURG, &before, NULL);
}
