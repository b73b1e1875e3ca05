/* The watcher: the thread of goro_run, without a P.
 *
 * It looks every 20 us as long as it finds something to do, then less and less often, down to every 10 ms (1 ms while a P is
 * light: it promised to, ready.c); when all Ps are
 * idle it sleeps until one is not. Its duties:
 *   - a P whose M has been in a blocking call since the last look is retaken, if there is work for it
 *   - a time slice over 10 ms: the goroutine is asked to leave (attention), or made to (preempt.c)
 *   - timers that are late because their P's goroutine does not switch; descriptors that nobody polls
 *   - work that waits while a P is idle: its maker did not wake anybody, as somebody was about to look, or it was little (ready.c)
 *   - memory of stacks that nobody needs any more; the coarse clock; schedtrace. */
#include "sysmon.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump.h"
#include "emit.h"
#include "maker.h"
#include "os.h"
#include "panic.h"
#include "preempt.h"
#include "sched.h"

enum { SLICE_MS = 10, EAGER = 50 };
#define SHORTEST (20 * GORO_MICROSECOND)
#define LONGEST (10 * GORO_MILLISECOND)
#define LONGEST_LIGHT GORO_MILLISECOND

void rt_sysmon_wake(void)
{
    __atomic_fetch_add(&rt_sched.sysmon_word, 1, __ATOMIC_SEQ_CST);
    rt_futex_wake(&rt_sched.sysmon_word, 1);
}

static bool has_work(struct rt_p *p)
{
    return !rt_runq_empty(p) || __atomic_load_n(&rt_sched.global_count, __ATOMIC_RELAXED) > 0;
}

/* Its M has been in a blocking call for at least one of our periods. */
static bool retake(struct rt_p *p, int64_t now)
{
    uint32_t blocks = __atomic_load_n(&p->blocks, __ATOMIC_RELAXED);
    if (blocks != p->seen_block) {
        p->seen_block = blocks;
        p->seen_block_at = now;
        return false;
    }
    /* Without work for it, it stays for 10 ms: the call may end, and then gets it back for nothing. */
    bool idle_or_spinning = __atomic_load_n(&rt_sched.idle_p_count, __ATOMIC_RELAXED) +
                                __atomic_load_n(&rt_sched.spinning, __ATOMIC_RELAXED) >
                            0;
    if (!has_work(p) && idle_or_spinning && now - p->seen_block_at < LONGEST)
        return false;
    uint8_t blocked = RT_P_BLOCKED;
    if (!__atomic_compare_exchange_n(&p->status, &blocked, RT_P_IDLE, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return false;
    p->m = NULL;
    p->seen_block = 0;
    rt_p_hand_off(p);
    return true;
}

static bool watch_slice(struct rt_p *p, int64_t now)
{
    uint32_t slice = __atomic_load_n(&p->slice, __ATOMIC_RELAXED);
    uint32_t tick = __atomic_load_n(&p->tick, __ATOMIC_RELAXED);
    if (slice != p->seen_slice) {
        p->seen_slice = slice;
        p->seen_tick = tick;
        p->seen_at = now;
        return false;
    }
    if (now - p->seen_at < SLICE_MS * GORO_MILLISECOND)
        return false;
    __atomic_store_n(&p->expired, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&p->attention, 1, __ATOMIC_SEQ_CST);
    /* A pair that hands a slice on passes by g0 at its next switch; one that computes does not. */
    bool late = rt_timers_next(&p->timers) < now - SLICE_MS * GORO_MILLISECOND;
    if (tick == p->seen_tick && (late || has_work(p)) && rt_maker_ready())
        rt_preempt(p);
    p->seen_tick = tick;
    return true;
}

/* Whether its goroutines have run for less than `light` each since the last look. */
static bool weigh(struct rt_p *p, bool runs, int64_t now)
{
    uint32_t tick = __atomic_load_n(&p->tick, __ATOMIC_RELAXED), ticks = tick - p->last_tick;
    int64_t each = ticks > 0 ? (now - p->last_at) / ticks + 1 : INT64_MAX;
    bool light = runs && !p->alone && each < rt_sched.light;
    p->last_tick = tick;
    p->last_at = now;
    __atomic_store_n(&p->weight, light ? (uint32_t)each : 0, __ATOMIC_RELAXED);
    return light;
}

struct seen {
    bool active, light;
};

static struct seen look(int64_t now)
{
    struct seen seen = {false, false};
    int made = __atomic_load_n(&rt_sched.made_ps, __ATOMIC_ACQUIRE);
    bool waiting = __atomic_load_n(&rt_sched.global_count, __ATOMIC_RELAXED) > 0;
    for (int i = 0; i < made; i++) {
        struct rt_p *p = rt_sched.ps[i];
        uint8_t status = __atomic_load_n(&p->status, __ATOMIC_ACQUIRE);
        bool due = rt_timers_next(&p->timers) <= now;
        bool light = weigh(p, status == RT_P_RUNNING, now);
        seen.light |= light;
        if (status == RT_P_BLOCKED)
            seen.active |= retake(p, now);
        if (status != RT_P_RUNNING) {
            waiting |= due;
            continue;
        }
        watch_slice(p, now);
        if (due)
            __atomic_store_n(&p->attention, 1, __ATOMIC_SEQ_CST);
        waiting |= !light && !rt_runq_empty(p);
    }
    if (rt_poll_waiters() > 0 && now - __atomic_load_n(&rt_sched.last_poll, __ATOMIC_RELAXED) > LONGEST &&
        !__atomic_load_n(&rt_sched.polling, __ATOMIC_RELAXED)) {
        struct rt_glist ready = {0};
        __atomic_store_n(&rt_sched.last_poll, now, __ATOMIC_RELAXED);
        if (rt_poll(NULL, 0, &ready) > 0) {
            rt_ready_list(&ready);
            seen.active = true;
        }
    }
    if (waiting)
        rt_wake_p();
    return seen;
}

static bool all_idle(void)
{
    return __atomic_load_n(&rt_sched.idle_p_count, __ATOMIC_SEQ_CST) == __atomic_load_n(&rt_sched.procs, __ATOMIC_SEQ_CST);
}

/* Nothing can ever happen again: every goroutine waits, for other goroutines. Threads that are not ours could wake one, and so can
 * what is in a blocking call. Asked when all Ps have been idle for a while; only this thread, or they, can end that. */
static bool all_asleep(void)
{
    for (struct rt_m *m = rt_sched.ms; m; m = m->all_next)
        if (__atomic_load_n(&m->blocking, __ATOMIC_ACQUIRE) || __atomic_load_n(&m->frozen, __ATOMIC_ACQUIRE))
            return false;
    if (rt_poll_waiters() > 0 || rt_timers_earliest() != INT64_MAX || rt_tasks_count() == 0 || rt_sched.starting_ms > 0 ||
        rt_sched.wanting)
        return false;
    if (__atomic_load_n(&rt_sched.global_count, __ATOMIC_SEQ_CST) > 0 || rt_threads() != rt_sched.m_count + rt_maker_threads() + 1)
        return false;
    return all_idle() && !__atomic_load_n(&rt_sched.done, __ATOMIC_SEQ_CST);
}

/* Until rt_sysmon_wake, or `until`. */
static void sleep_until(int64_t until, bool deep)
{
    uint32_t word = __atomic_load_n(&rt_sched.sysmon_word, __ATOMIC_SEQ_CST);
    if (deep) {
        __atomic_store_n(&rt_sched.sysmon_sleeps, 1, __ATOMIC_SEQ_CST);
        if (!all_idle())
            until = 0;
    }
    if (!__atomic_load_n(&rt_sched.done, __ATOMIC_SEQ_CST))
        rt_futex_wait(&rt_sched.sysmon_word, word, until);
    __atomic_store_n(&rt_sched.sysmon_sleeps, 0, __ATOMIC_SEQ_CST);
}

/* GORO_DEBUG=schedtrace=MS */
static int64_t trace_period(void)
{
    const char *text = getenv("GORO_DEBUG"), *found = text ? strstr(text, "schedtrace=") : NULL;
    return found ? strtoll(found + strlen("schedtrace="), NULL, 10) * GORO_MILLISECOND : 0;
}

void rt_sysmon(void)
{
    int64_t delay = SHORTEST, begun = goro_now(), trimmed = begun, traced = begun;
    int64_t trace_every = trace_period();
    int quiet = 0;
    while (!__atomic_load_n(&rt_sched.done, __ATOMIC_ACQUIRE)) {
        int64_t now = goro_now();
        if (__atomic_load_n(&rt_sched.halting, __ATOMIC_ACQUIRE))
            pause();
        __atomic_store_n(&rt_sched.coarse, now, __ATOMIC_RELAXED);
        rt_maker_look();
        struct seen seen = look(now);
        int64_t longest = seen.light ? LONGEST_LIGHT : LONGEST;
        quiet = seen.active ? 0 : quiet + 1;
        delay = quiet < EAGER ? SHORTEST : 2 * delay < longest ? 2 * delay : longest;
        if (now - trimmed > GORO_SECOND) {
            rt_stacks_trim();
            trimmed = now;
        }
        if (trace_every > 0 && now - traced >= trace_every) {
            rt_schedtrace(now - begun);
            traced = now;
        }
        bool deep = quiet > EAGER && all_idle();
        if (deep && all_asleep()) {
            rt_emit_all_asleep();
            rt_fatal("all goroutines are asleep - deadlock");
        }
        int64_t until = now + (deep ? GORO_SECOND : delay);
        if (trace_every > 0 && traced + trace_every < until)
            until = traced + trace_every;
        int64_t timer = deep ? INT64_MAX : rt_timers_earliest();
        sleep_until(timer > now && timer < until ? timer : until, deep);
    }
}
