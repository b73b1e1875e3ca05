/* Start and end of the runtime, settings.
 *
 * The thread that calls goro_run never runs goroutines: it is sysmon (sysmon.c) until the main goroutine has ended. So
 * goro_run can return whatever the other threads are doing: one of them may be in a blocking call that never ends.
 *
 * Environment: GORO_MAXPROCS, GORO_STACK (bytes of a goroutine's stack by default), GORO_SEED (of the chooser; the clock
 * otherwise). */
#include "sched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "det.h"
#include "fiber.h"
#include "fork.h"
#include "os.h"
#include "preempt.h"
#include "signals.h"
#include "sysmon.h"
#include "worker.h"

enum { DEFAULT_STACK = 64 << 10 };

static uint32_t running;

size_t rt_setting(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    char *end;
    if (!text || !*text)
        return otherwise;
    unsigned long long value = strtoull(text, &end, 10);
    return *end || value == 0 ? otherwise : (size_t)value;
}

int rt_make_ps(int procs)
{
    for (int i = rt_sched.made_ps; i < procs; i++) {
        struct rt_p *p = rt_alloc(sizeof *p);
        if (!p)
            return -ENOMEM;
        p->id = i;
        p->timers.next = INT64_MAX;
        rt_sched.ps[i] = p;
        __atomic_store_n(&rt_sched.made_ps, i + 1, __ATOMIC_SEQ_CST);
        rt_p_idle_put(p);
    }
    return 0;
}

void rt_procs_set(int procs)
{
    __atomic_store_n(&rt_sched.procs, procs, __ATOMIC_SEQ_CST);
    rt_sched.ps[0]->alone = procs == 1;
}

struct start {
    int (*fn)(void *arg);
    void *arg;
};

/* The name is known to the detector, which leaves it out of stacks. */
static void rt_run_main(struct start *start)
{
    rt_self()->main = 1;
    rt_finish(start->fn(start->arg));
}

/* Wakes the thread in goro_run, which may abandon the calling one already: not in the middle of something. Requires: rt_enter. */
void rt_stop_running(int result)
{
    rt_sched.result = result;
    __atomic_store_n(&rt_sched.stopping, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&rt_sched.done, 1, __ATOMIC_SEQ_CST);
    rt_sysmon_wake();
}

/* The main goroutine is done, and never runs again. */
void rt_finish(int result)
{
    if (RT_STEERED)
        rt_det_point(0, RT_OP_EXIT, NULL);
    rt_locals_free(rt_self());
    if (rt_sched.child) /* the thread that is to return from goro_run is only in the parent */
        exit(result);
    rt_emit_release(rt_self(), &rt_sched);
    rt_emit_end(rt_self());
    rt_enter();
    if (rt_det_goes_on())
        rt_det_main_ends(result);
    else
        rt_stop_running(result);
    rt_leave_running(rt_self(), NULL, NULL);
    __builtin_unreachable();
}

static struct start started;
static uintptr_t started_by;

int rt_start_main(void)
{
    static const struct goro_site site = {"main", "goro_run", 0};
    static const struct goro_options options = {.name = "main"};
    return rt_spawn_main((void (*)(void))rt_run_main, &options, &site, (uint64_t)&started, started_by);
}

static int begin(void)
{
    int asked = rt_det_start();
    if (asked)
        return asked;
    size_t procs = goro_steered ? 1 : rt_setting("GORO_MAXPROCS", (size_t)rt_cpus());
    procs = procs < RT_MAX_PROCS ? procs : RT_MAX_PROCS;
    rt_sched.default_class = rt_stack_class(rt_setting("GORO_STACK", DEFAULT_STACK));
    if (rt_sched.default_class < 0)
        rt_sched.default_class = rt_stack_class(DEFAULT_STACK);
    if (!goro_steered) {
        rt_sched.coarse = goro_now();
        rt_sched.seed = rt_setting("GORO_SEED", (size_t)rt_sched.coarse);
    }
    rt_emit_start();
    rt_ready_start();
    rt_fiber_start();
    rt_preempt_start();
    rt_signals_start();
    int error = rt_make_ps((int)procs);
    if (error)
        return error;
    rt_procs_set((int)procs);
    rt_fork_start();
    error = rt_poll_start();
    return error ? error : rt_start_main();
}

void rt_forget(void)
{
    memset(&rt_sched, 0, sizeof rt_sched);
    rt_tasks_forget();
    rt_stacks_forget();
    __atomic_store_n(&running, 0, __ATOMIC_RELEASE);
}

static void end(void)
{
    __atomic_store_n(&rt_sched.stopping, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < rt_sched.made_ps; i++)
        __atomic_store_n(&rt_sched.ps[i]->attention, 1, __ATOMIC_SEQ_CST);
    bool all = rt_ms_end();
    rt_det_stop();
    rt_preempt_stop();
    rt_signals_stop();
    rt_poll_stop();
    if (!all) {
        rt_forget();
        return;
    }
    rt_left();
    for (int i = 0; i < rt_sched.made_ps; i++) {
        rt_timers_free(rt_sched.ps[i]);
        rt_free(rt_sched.ps[i], sizeof *rt_sched.ps[i]);
    }
    rt_tasks_end();
    rt_stacks_end();
    memset(&rt_sched, 0, sizeof rt_sched);
    rt_alloc_end();
}

int goro_run(int (*main_fn)(void *arg), void *arg)
{
    if (__atomic_exchange_n(&running, 1, __ATOMIC_ACQ_REL))
        return -EBUSY;
    started = (struct start){main_fn, arg};
    started_by = (uintptr_t)__builtin_return_address(0);
    int result = begin();
    if (result == 0) {
        __builtin_unwind_init(); /* see event.h: idles */
        rt_emit_memory(true);
        rt_emit_idles(true);
        if (goro_steered)
            rt_det_run();
        else
            rt_sysmon();
        rt_emit_idles(false);
        rt_emit_acquire(NULL, &rt_sched);
        rt_emit_memory(false);
        result = rt_sched.result;
    }
    end();
    __atomic_store_n(&running, 0, __ATOMIC_RELEASE);
    return result;
}

bool rt_running(void)
{
    return __atomic_load_n(&running, __ATOMIC_ACQUIRE);
}

int *goro_errno(void)
{
    struct rt_m *m = rt_this_m();
    return m ? m->errno_place : &errno;
}
