/* One schedule after the other on the same thread, for goro_explore: when main_fn has returned, what is left of the goroutines
 * is dropped, and it begins anew. The same as an end and a new start of the runtime, but for what those cost: threads, epoll,
 * memory. */
#include "det.h"
#include "det_plan.h"
#include "fd.h"
#include "panic.h"
#include "sched.h"

static void drop_waits(int fd, struct rt_fd *d)
{
    (void)fd;
    d->side[RT_FD_READ].q = d->side[RT_FD_WRITE].q = (struct rt_waitq){0};
}

static void drop_goroutines(void)
{
    struct rt_det *d = &rt_det;
    struct rt_p *p = rt_sched.ps[0];
    if (rt_poll_waiters() > 0) {
        rt_fds_each(drop_waits);
        rt_poll_drop_waits();
    }
    rt_timers_drop(p);
    for (uint32_t i = 1; i < d->task_count; i++) {
        struct rt_g *g = d->tasks[i].g;
        if (!g)
            continue;
        rt_emit_end(g);
        rt_locals_drop(g);
        g->main = 0; /* who gets it next may be anybody */
        rt_task_free(g);
    }
    p->goroutines -= rt_tasks_count();
    p->next_id = p->last_id = 0;
    rt_sched.last_id = 0;
}

void rt_det_main_ends(int result)
{
    rt_det.over = true;
    rt_check_outcome(RT_OUTCOME_ENDED, result, NULL);
}

void rt_det_again(void)
{
    struct rt_det *d = &rt_det;
    d->over = false;
    if (!rt_plan->next(rt_plan)) {
        rt_stop_running(0);
        return;
    }
    drop_goroutines();
    rt_det_tasks_reset();
    if (!rt_det_begin(rt_plan->token, rt_plan->record))
        rt_fatal("out of memory: no next schedule");
    if (rt_start_main())
        rt_fatal("out of memory: no main goroutine");
}
