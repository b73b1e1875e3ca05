/* The clock of the deterministic mode, and what comes from outside.
 *
 * Time moves when no goroutine can go on, straight to the next timer: a mutex, a channel, a sleep, anything of this library that a
 * goroutine waits for leaves it to the others to go on, so none of them keeps time from moving. What does is a descriptor whose
 * other end is not this process's: what comes there comes in real time. It is named once when it holds the clock up for a
 * second. Pipes and pairs of sockets made by this library have both ends in here, and are like channels.
 *
 * Timers that are due at the same time fire one by one, in the order of numbers that were drawn when they were armed
 * (timer.c), and goroutines may go on in between.
 *
 * Who only looks whether something has come, and yields, would hold time up for ever: when all that can go on have done nothing
 * else for long, it moves as well. */
#include "det.h"
#include "fd.h"
#include "os.h"
#include "out.h"
#include "panic.h"
#include "sched.h"

/* Real time until it is told what the clock stands still for. */
#define PATIENCE GORO_SECOND
enum { BUSY_STEP = 1000000 /* ns, without timers */ };

static int64_t next_timer(void)
{
    return rt_timers_next(&rt_sched.ps[0]->timers);
}

static void take_list(struct rt_glist *list)
{
    struct rt_g *next;
    for (struct rt_g *g = list->first; g; g = next) {
        next = g->next;
        rt_ready(g);
    }
}

/* Made ready by threads that are not ours. */
static void take_foreign(void)
{
    struct rt_glist list;
    if (__atomic_load_n(&rt_sched.global_count, __ATOMIC_SEQ_CST) == 0)
        return;
    rt_lock(&rt_sched.lock);
    list = rt_sched.global;
    rt_sched.global = (struct rt_glist){0};
    __atomic_store_n(&rt_sched.global_count, 0, __ATOMIC_SEQ_CST);
    rt_unlock(&rt_sched.lock);
    rt_check_uncontrolled("another thread woke a goroutine");
    struct rt_g *next;
    for (struct rt_g *g = list.first; g; g = next) {
        next = g->next;
        rt_det_ready(g);
    }
}

bool rt_wait_outside(void)
{
    struct rt_glist ready = {0};
    take_foreign();
    if (rt_poll_waiters() > 0 && rt_poll(NULL, 0, &ready) > 0)
        take_list(&ready);
    return next_timer() <= rt_det.now;
}

bool rt_wait_wanted(void)
{
    return next_timer() <= rt_det.now || rt_poll_waiters() > 0 ||
           __atomic_load_n(&rt_sched.global_count, __ATOMIC_SEQ_CST) > 0;
}

void rt_wait_timers(void)
{
    while (next_timer() <= rt_det.now && (rt_det.able_count == 0 || rt_choose(RT_STREAM_TIMER, 2) == 0))
        rt_timers_fire(rt_sched.ps[0]);
}

static void move_clock(int64_t to)
{
    rt_det.now = to;
    rt_det.idle = 0;
    rt_det.running = 0;
    __atomic_store_n(&rt_sched.coarse, to, __ATOMIC_RELAXED);
}

void rt_wait_busy(void)
{
    int64_t next = next_timer();
    int64_t soon = rt_det.now + BUSY_STEP;
    rt_det.idle = 0;
    rt_det.now = next < INT64_MAX && next > rt_det.now ? next : soon;
    __atomic_store_n(&rt_sched.coarse, rt_det.now, __ATOMIC_RELAXED);
}

/* ---- who waits for the world ---- */

struct waits {
    uint32_t outside;
    struct rt_g *one; /* of them */
    int fd;
};

static void count(struct rt_g *g, void *arg)
{
    struct waits *waits = arg;
    int fd = -1;
    if (__atomic_load_n(&g->status, __ATOMIC_ACQUIRE) != RT_WAITING || !rt_fd_waits_outside(g, &fd))
        return;
    waits->outside++;
    waits->one = g;
    waits->fd = fd;
}

static void tell_clock(const struct waits *waits)
{
    struct rt_out out = {.fd = 2};
    char path[128];
    rt_path_print(rt_det.record, waits->one->det, path, sizeof path);
    rt_out_format(&out, "goro: the clock stands still: goroutine %s (%s) waits for descriptor %d, which others than this process "
                        "can write to or read from\n",
                  path, waits->one->site->function, waits->fd);
    rt_out_flush(&out);
    rt_det.told_clock = true;
}

void rt_wait(void)
{
    struct rt_glist ready = {0};
    struct waits waits = {0};
    if (rt_poll_waiters() > 0)
        rt_tasks_each(count, &waits);
    int others = waits.outside ? 0 : rt_threads() - rt_sched.m_count - 1;
    if (waits.outside || (others > 0 && next_timer() == INT64_MAX)) {
        rt_check_uncontrolled(waits.outside ? "a descriptor was waited for" : "another thread was waited for");
        if (rt_poll(NULL, rt_det.now + PATIENCE, &ready) == 0 && waits.outside && !rt_det.told_clock)
            tell_clock(&waits);
        take_list(&ready);
        rt_det.running = 0;
        return;
    }
    if (next_timer() < INT64_MAX) {
        move_clock(next_timer());
        return;
    }
    rt_check_outcome(RT_OUTCOME_DEADLOCK, 0, "all goroutines are asleep");
    rt_emit_all_asleep();
    rt_fatal("all goroutines are asleep - deadlock");
}
