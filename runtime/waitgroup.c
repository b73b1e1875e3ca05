/* Wait groups. state = counter << 32 | goroutines that wait; a done is one atomic addition.
 *
 * The addition that makes the counter zero while somebody waits is the one that releases: it takes the lock, sets state to
 * zero, takes the waiters off, unlocks, and only then wakes them. Until it has set state to zero the wait group must not be
 * left by anybody, for it comes back to it: a wait that finds the counter zero but waiters counted queues with them, and a
 * wait whose deadline has passed stays for the release, too (which is a moment away), and reports success.
 *
 * The number of waiters grows and shrinks under the lock only. */
#include "waiters.h"

enum { COUNTER_SHIFT = 32 };

static int32_t counter_of(uint64_t state)
{
    return (int32_t)(state >> COUNTER_SHIFT);
}

static uint32_t waiters_of(uint64_t state)
{
    return (uint32_t)state;
}

static void release(goro_waitgroup *wg)
{
    struct rt_waiters *ws = rt_waiters(&wg->waiters);
    struct rt_glist list = {0};
    struct rt_waiter *w;
    rt_lock(&ws->lock);
    uint64_t state = __atomic_exchange_n(&wg->state, 0, __ATOMIC_SEQ_CST);
    if (counter_of(state) != 0)
        goro_panic("waitgroup misuse: add while a wait for zero is being woken");
    while ((w = rt_waitq_pop(&ws->queue)))
        rt_glist_push(&list, w->g);
    rt_unlock(&ws->lock);
    rt_ready_all(&list);
}

static inline __attribute__((always_inline)) void add(goro_waitgroup *wg, int delta, bool told)
{
    if (told && delta < 0)
        rt_emit_release_merge(rt_self(), wg);
    uint64_t state = __atomic_add_fetch(&wg->state, (uint64_t)(uint32_t)delta << COUNTER_SHIFT, __ATOMIC_SEQ_CST);
    int32_t counter = counter_of(state);
    /* The first add and a wait that has to wait must be ordered: as if the one read what the other writes. */
    if (told && delta > 0 && counter == delta)
        rt_emit_value_read(rt_self(), &wg->waiters, 1);
    if (__builtin_expect(counter < 0, 0)) {
        rt_emit_misuse(GORACE_MISUSE_NEGATIVE_COUNTER, wg, "negative waitgroup counter");
        goro_panic("negative waitgroup counter");
    }
    if (waiters_of(state) == 0)
        return;
    if (delta > 0 && counter == delta)
        goro_panic("waitgroup misuse: add from zero while others wait");
    if (counter == 0)
        release(wg);
}

static __attribute__((noinline)) void add_told(goro_waitgroup *wg, int delta)
{
    add(wg, delta, true);
}

void rt_waitgroup_add(goro_waitgroup *wg, int delta)
{
    if (RT_LISTENED)
        add_told(wg, delta);
    else
        add(wg, delta, false);
}

static __attribute__((noinline)) void add_watched(goro_waitgroup *wg, int delta, uintptr_t pc, enum rt_op op)
{
    rt_op(pc, op, wg);
    add(wg, delta, true);
}

void goro_waitgroup_add(goro_waitgroup *wg, int delta)
{
    if (RT_WATCHED)
        add_watched(wg, delta, (uintptr_t)__builtin_return_address(0), RT_OP_WAITGROUP_ADD);
    else
        add(wg, delta, false);
}

void goro_waitgroup_done(goro_waitgroup *wg)
{
    if (RT_WATCHED)
        add_watched(wg, -1, (uintptr_t)__builtin_return_address(0), RT_OP_WAITGROUP_DONE);
    else
        add(wg, -1, false);
}

/* Requires: the lock. Counts one waiter more, unless there is nothing to wait for. */
static bool enter(goro_waitgroup *wg)
{
    uint64_t state = __atomic_load_n(&wg->state, __ATOMIC_ACQUIRE);
    do {
        if (state == 0)
            return false;
    } while (!__atomic_compare_exchange_n(&wg->state, &state, state + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
    return true;
}

/* Requires: the lock. One waiter less; false: too late, a release is coming. */
static bool leave(goro_waitgroup *wg)
{
    uint64_t state = __atomic_load_n(&wg->state, __ATOMIC_ACQUIRE);
    do {
        if (counter_of(state) == 0)
            return false;
    } while (!__atomic_compare_exchange_n(&wg->state, &state, state - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
    return true;
}

/* The deadline has claimed w. */
static int give_up(goro_waitgroup *wg, struct rt_waiter *w)
{
    struct rt_waiters *ws = rt_waiters(&wg->waiters);
    rt_lock(&ws->lock);
    if (!w->queued) { /* the release has dropped it */
        rt_unlock(&ws->lock);
        return 0;
    }
    if (leave(wg)) {
        rt_waitq_remove(&ws->queue, w);
        rt_unlock(&ws->lock);
        return -ETIMEDOUT;
    }
    w->claim = NULL;
    rt_park_locked(&ws->lock, RT_REASON_WAITGROUP, wg);
    return 0;
}

static inline __attribute__((always_inline)) int wait(goro_waitgroup *wg, int64_t deadline, bool told)
{
    struct rt_waiters *ws = rt_waiters(&wg->waiters);
    int result = 0;
    uint64_t state = __atomic_load_n(&wg->state, __ATOMIC_ACQUIRE);
    if (state != 0) {
        struct rt_g *g = rt_goroutine("goro_waitgroup_wait");
        struct rt_waiter w = {.g = g, .claim = deadline == GORO_FOREVER ? NULL : &g->claim, .value = 1};
        if (counter_of(state) != 0 && rt_passed(deadline))
            return -ETIMEDOUT;
        rt_lock(&ws->lock);
        if (!enter(wg)) {
            rt_unlock(&ws->lock);
        } else {
            g->claim = 0;
            if (told && !ws->queue.first)
                rt_emit_value_written(&wg->waiters, 1);
            rt_waitq_push(&ws->queue, &w);
            if (!rt_park_until(&g->claim, deadline, rt_unlock_arg, &ws->lock, RT_REASON_WAITGROUP, wg))
                result = give_up(wg, &w);
        }
    }
    if (told && result == 0)
        rt_emit_acquire(rt_self(), wg);
    return result;
}

static __attribute__((noinline)) int wait_told(goro_waitgroup *wg, int64_t deadline)
{
    return wait(wg, deadline, true);
}

int rt_waitgroup_wait(goro_waitgroup *wg, int64_t deadline)
{
    return RT_LISTENED ? wait_told(wg, deadline) : wait(wg, deadline, false);
}

int goro_waitgroup_wait_until(goro_waitgroup *wg, int64_t deadline)
{
    RT_OP(WAITGROUP_WAIT, wg);
    return rt_waitgroup_wait(wg, deadline);
}

void goro_waitgroup_wait(goro_waitgroup *wg)
{
    RT_OP(WAITGROUP_WAIT, wg);
    rt_waitgroup_wait(wg, GORO_FOREVER);
}
