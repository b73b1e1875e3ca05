/* fork() by a goroutine: parent and child both keep their goroutines.
 *
 * The child has one thread, the one that called fork. Before, the world is stopped, so that the goroutines of all other
 * threads stand at a switch and none is in the middle of a lock; in the child they are still there and run on Ms that are made
 * anew. Lost in the child are goroutines that were on a thread of their own: in a blocking call, pinned, or frozen by
 * preemption; the thread does not exist there.
 *
 * New threads are made when the child first comes to g0: a child that only calls exec or _exit has none. Its sysmon
 * is a new thread, too; what waited in goro_run is not there, so the end of main_fn is exit(result).
 *
 * fork() by other threads: the child has no goroutines, and may call goro_run anew. */
#include "fork.h"

#include <pthread.h>
#include <string.h>

#include "alloc.h"
#include "maker.h"
#include "os.h"
#include "panic.h"
#include "sched.h"
#include "stack.h"
#include "sysmon.h"
#include "world.h"

struct rt_m rt_lost_m;

static bool by_goroutine(void)
{
    struct rt_g *g = rt_self();
    return g && !g->system && rt_this_p();
}

static void before_fork(void)
{
    if (!by_goroutine())
        return;
    rt_world_stop();
    /* sysmon and threads that are not ours may hold these. */
    rt_lock(&rt_sched.lock);
    rt_tasks_lock();
    rt_stacks_lock();
    rt_alloc_lock();
}

static void unlock_all(void)
{
    rt_alloc_unlock();
    rt_stacks_unlock();
    rt_tasks_unlock();
    rt_unlock(&rt_sched.lock);
}

static void in_parent(void)
{
    if (!by_goroutine())
        return;
    unlock_all();
    rt_world_start();
}

/* Goroutines that cannot go on, as their threads are gone: wherever they are queued, or will be, rt_schedule drops them. */
static void lose(struct rt_g *g, void *arg)
{
    uint8_t status = g->status;
    if (g == rt_self() || (status != RT_BLOCKED && status != RT_FROZEN && !g->pins))
        return;
    __atomic_store_n(&g->status, RT_DEAD, __ATOMIC_RELAXED);
    g->m = &rt_lost_m;
    (void)arg;
}

static void in_child(void)
{
    if (!by_goroutine()) {
        rt_forget();
        return;
    }
    unlock_all();
    struct rt_m *m = rt_this_m();
    m->tid = rt_tid();
    m->all_next = NULL;
    rt_sched.ms = m;
    rt_sched.m_count = 1;
    rt_sched.idle_ms = NULL;
    rt_sched.idle_m_count = rt_sched.starting_ms = 0;
    rt_sched.spinning = 0;
    rt_sched.polling = 0;
    rt_sched.poll_until = 0;
    rt_sched.wanting = NULL;
    rt_sched.maker = RT_MAKER_NONE;
    for (int i = 0; i < rt_sched.made_ps; i++)
        if (rt_sched.ps[i] != m->p)
            rt_sched.ps[i]->m = NULL;
    rt_tasks_each(lose, NULL);
    rt_poll_after_fork();
    rt_sched.child = 1;
    m->p->attention = 1;
    rt_world_start();
}

static void *sysmon_thread(void *arg)
{
    rt_sysmon();
    return arg;
}

void rt_fork_threads(void)
{
    pthread_t thread;
    rt_sched.child = 2;
    if (pthread_create(&thread, NULL, sysmon_thread, NULL) != 0)
        rt_fatal("fork: the child can have no thread");
    pthread_detach(thread);
}

void rt_fork_start(void)
{
    static bool registered;
    if (!registered && pthread_atfork(before_fork, in_parent, in_child) == 0)
        registered = true;
}
