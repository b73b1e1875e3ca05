/* Tables of goroutines, for people. Read without stopping anybody: each line is right for its moment. Safe in signal
 * handlers. */
#include "dump.h"

#include "sched.h"

const char *const rt_reasons[] = {
#define RT_REASON(name, text) [RT_REASON_##name] = text,
    RT_REASONS(RT_REASON)
#undef RT_REASON
};

static const char *const states[] = {"idle", "runnable", "running", "waiting", "blocking call", "preempted", "dead"};

void rt_dump_line(struct rt_out *out, const struct rt_g *g)
{
    uint8_t status = __atomic_load_n(&g->status, __ATOMIC_ACQUIRE);
    const struct goro_site *site = g->site;
    int64_t age = __atomic_load_n(&rt_sched.coarse, __ATOMIC_RELAXED) - g->since;
    rt_out_format(out, "goroutine %lu", (unsigned long)g->id);
    if (g->name)
        rt_out_format(out, " \"%s\"", g->name);
    rt_out_format(out, " [%s", status == RT_WAITING ? rt_reasons[g->reason] : states[status]);
    if (status == RT_WAITING && g->object)
        rt_out_format(out, " %p", g->object);
    if (status == RT_RUNNABLE && !g->sp)
        rt_out_text(out, ", not started");
    if (age >= 20 * GORO_MILLISECOND && status != RT_RUNNING)
        rt_out_format(out, ", %T", age);
    if (g->pins > 0)
        rt_out_text(out, ", pinned");
    rt_out_text(out, "]");
    if (site)
        rt_out_format(out, ": %s started at %s:%d", site->function, site->file, site->line);
    if (g->parent)
        rt_out_format(out, " by goroutine %lu", (unsigned long)g->parent);
    rt_out_text(out, "\n");
}

static void line(struct rt_g *g, void *out)
{
    rt_dump_line(out, g);
}

void goro_dump(int fd)
{
    struct rt_out out = {.fd = fd};
    rt_out_format(&out, "goro: %ld goroutines, %d processors, %d of them idle, %d threads\n", (long)rt_tasks_count(),
                  rt_sched.procs, rt_sched.idle_p_count, rt_sched.m_count);
    rt_tasks_each(line, &out);
    rt_out_flush(&out);
}

void rt_schedtrace(int64_t since_start)
{
    struct rt_out out = {.fd = 2};
    int32_t procs = __atomic_load_n(&rt_sched.procs, __ATOMIC_RELAXED);
    rt_out_format(&out, "SCHED %ldms: procs=%d idleprocs=%d threads=%d spinning=%d idlethreads=%d goroutines=%ld runqueue=%u [",
                  (long)(since_start / GORO_MILLISECOND), procs, rt_sched.idle_p_count, rt_sched.m_count,
                  rt_sched.spinning, rt_sched.idle_m_count, (long)rt_tasks_count(), rt_sched.global_count);
    for (int32_t i = 0; i < procs; i++) {
        struct rt_p *p = rt_sched.ps[i];
        uint32_t queued = __atomic_load_n(&p->tail, __ATOMIC_RELAXED) - __atomic_load_n(&p->head, __ATOMIC_RELAXED);
        rt_out_format(&out, "%s%u", i ? " " : "", queued + (__atomic_load_n(&p->runnext, __ATOMIC_RELAXED) != NULL));
    }
    rt_out_text(&out, "]\n");
    rt_out_flush(&out);
}
