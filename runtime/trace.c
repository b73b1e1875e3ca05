/* Stacks of all goroutines, for a panic. The process ends afterwards, so the scheduler is simply stopped where it is.
 *
 * Who unwinds is the compiler's own unwinder (_Unwind_Backtrace of libgcc), which only walks from where it is called. So a parked
 * goroutine is made to walk itself: it is switched to, as if it was resumed, with a visit as the thing to do first (m->after,
 * see rt_landed), and the visit switches back. Before, the other threads were stopped by a signal; their goroutines are walked
 * from its handler, when asked.
 *
 * A thread may have been stopped with a lock of malloc or the loader: then the dump hangs. What is printed was flushed before. */
#include "trace.h"

#include <unwind.h>

#include "dump.h"
#include "os.h"
#include "preempt.h"
#include "sched.h"
#include "symbols.h"

enum { MOST_FRAMES = 50, MOST_TRACES = 100, NEEDED = 12 << 10 /* bytes of stack for the unwinder */ };

struct walk {
    struct rt_out *out;
    int frames;
};

static _Unwind_Reason_Code frame(struct _Unwind_Context *context, void *arg)
{
    struct walk *walk = arg;
    int before = 0;
    uintptr_t pc = _Unwind_GetIPInfo(context, &before);
    if (pc == 0 || walk->frames == MOST_FRAMES)
        return _URC_END_OF_STACK;
    /* The entry is nobody's call. */
    if (pc >= (uintptr_t)rt_ctx_entry && pc < (uintptr_t)rt_ctx_entry_end)
        return _URC_END_OF_STACK;
    rt_out_format(walk->out, "    #%d ", walk->frames++);
    rt_symbol(walk->out, before ? pc : pc - 1);
    rt_out_text(walk->out, "\n");
    return _URC_NO_REASON;
}

void rt_trace_here(struct rt_out *out)
{
    struct walk walk = {out, 0};
    _Unwind_Backtrace(frame, &walk);
}

/* ---- parked goroutines ---- */

struct visit {
    struct rt_g *g;
    struct rt_out *out;
    void *back; /* the visitor's context */
};

/* On the goroutine's own stack, inside of rt_landed. */
static void walk_self(void *arg)
{
    struct visit *visit = arg;
    rt_trace_here(visit->out);
    rt_ctx_switch(&visit->g->sp, visit->back);
}

static void visit_parked(struct rt_out *out, struct rt_g *g)
{
    struct visit visit = {g, out, NULL};
    static struct rt_m visitor;
    struct rt_m *m = rt_this_m();
    if (!m) /* sysmon, or a thread that is not ours */
        rt_set_m(m = &visitor);
    if ((char *)g->sp - g->stack < NEEDED) {
        rt_out_text(out, "    (its stack cannot be walked)\n");
        return;
    }
    m->after = walk_self;
    m->after_arg = &visit;
    rt_ctx_switch(&visit.back, g->sp);
}

/* ---- those that run ---- */

static struct rt_out *answer_out;
static uint32_t answered, halted_count;

void rt_halted(struct rt_m *m)
{
    __atomic_store_n(&m->halted, 1, __ATOMIC_RELEASE);
    __atomic_fetch_add(&halted_count, 1, __ATOMIC_RELEASE);
    rt_futex_wake(&halted_count, 1);
    for (;;) {
        rt_futex_wait(&m->asked, 0, GORO_FOREVER);
        if (!__atomic_exchange_n(&m->asked, 0, __ATOMIC_ACQ_REL))
            continue;
        rt_trace_here(answer_out);
        rt_out_flush(answer_out);
        __atomic_store_n(&answered, 1, __ATOMIC_RELEASE);
        rt_futex_wake(&answered, 1);
    }
}

/* All threads but this one, as far as they can be had within the time. */
static void halt_others(void)
{
    uint32_t asked = 0, halted;
    int64_t until = rt_clock() + 100 * GORO_MILLISECOND;
    __atomic_store_n(&rt_sched.halting, 1, __ATOMIC_SEQ_CST);
    for (struct rt_m *m = __atomic_load_n(&rt_sched.ms, __ATOMIC_ACQUIRE); m; m = m->all_next)
        if (m != rt_this_m() && m->current) {
            asked++;
            rt_preempt_halt(m);
        }
    while ((halted = __atomic_load_n(&halted_count, __ATOMIC_ACQUIRE)) < asked && rt_clock() < until)
        rt_futex_wait(&halted_count, halted, until);
}

static void visit_running(struct rt_out *out, struct rt_m *m)
{
    if (!__atomic_load_n(&m->halted, __ATOMIC_ACQUIRE)) {
        rt_out_text(out, "    (its thread does not answer)\n");
        return;
    }
    rt_out_flush(out);
    answer_out = out;
    __atomic_store_n(&answered, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&m->asked, 1, __ATOMIC_SEQ_CST);
    rt_futex_wake(&m->asked, 1);
    for (int64_t until = rt_clock() + GORO_SECOND; !__atomic_load_n(&answered, __ATOMIC_ACQUIRE) && rt_clock() < until;)
        rt_futex_wait(&answered, 0, until);
}

struct all {
    struct rt_out *out;
    int traced, left;
};

static void visit(struct rt_g *g, void *arg)
{
    struct all *all = arg;
    if (g == rt_self())
        return;
    if (all->traced == MOST_TRACES) {
        all->left++;
        return;
    }
    all->traced++;
    rt_out_text(all->out, "\n");
    rt_dump_line(all->out, g);
    uint8_t status = __atomic_load_n(&g->status, __ATOMIC_ACQUIRE);
    struct rt_m *m = g->m;
    if ((status == RT_RUNNING || status == RT_BLOCKED || status == RT_FROZEN) && m && m != rt_this_m())
        visit_running(all->out, m);
    else if ((status == RT_WAITING || status == RT_RUNNABLE) && g->sp)
        visit_parked(all->out, g);
}

void rt_trace_all(int fd)
{
    struct rt_out out = {.fd = fd};
    struct all all = {&out, 0, 0};
    struct rt_g *g = rt_self();
    if (g && !g->system)
        rt_dump_line(&out, g);
    rt_trace_here(&out);
    rt_out_flush(&out);
    halt_others();
    rt_tasks_each(visit, &all);
    if (all.left > 0)
        rt_out_format(&out, "\n... and %d goroutines more\n", all.left);
    rt_out_flush(&out);
}
