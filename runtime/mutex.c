/* Mutexes: barging with a starvation mode, the policy of Go's sync.Mutex.
 *
 * Normally a goroutine that comes by takes a free mutex before those that wait: it runs already and its caches are warm. An
 * unlock wakes the first waiter, which competes; as long as one is on its way (WAKING) no other is woken. One who has
 * waited more than 1 ms and loses again makes the mutex STARVING: from then on it is handed to the first waiter while it
 * stays LOCKED, and newcomers queue. This ends with the last waiter, or with one who has waited less.
 *
 * state: LOCKED and WAKING change by compare-and-swap from anywhere; WAITING (the queue is not empty) and STARVING only under
 * the waiters' lock. Free without flags is 0, so lock and unlock that meet nobody are one compare-and-swap each, in the
 * header.
 *
 * Lifetime: an unlock that must go to the queue does so before it gives the mutex up, and whoever could free it then
 * waits for the goroutine that was popped, which is woken after the last access.
 *
 * Rejected: a fair queue (each hand-over is a switch, an order of magnitude slower when contended); counting waiters in the state
 * (the queue knows); spinning before waiting, as Go does: a park costs less than a few pauses of the processor, and on two
 * processors it was nowhere faster (5.3 instead of 6.5 to 8 ns an operation with four goroutines that do nothing else). */
#include "waiters.h"

enum {
    LOCKED = GORO_MUTEX_LOCKED,
    WAKING = GORO_MUTEX_WAKING,
    STARVING = GORO_MUTEX_STARVING,
    WAITING = GORO_MUTEX_WAITING
};
enum { PATIENCE = 1000000 /* ns */ };
enum { WOKEN, HANDED }; /* a waiter's result */

/* Relaxed at failure: nothing is read under the mutex before a success. */
static bool swap(goro_mutex *m, uint32_t *from, uint32_t to)
{
    return __atomic_compare_exchange_n(&m->state, from, to, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static uint32_t state_of(const goro_mutex *m)
{
    return __atomic_load_n(&m->state, __ATOMIC_RELAXED);
}

/* Takes it if it is free; otherwise, or'ed with `flags`, says so in the state. `waking`: the flag to clear, or 0. */
static bool take_or(goro_mutex *m, uint32_t flags, uint32_t waking)
{
    uint32_t state = state_of(m), to;
    do {
        if (state & LOCKED && !flags)
            return false;
        to = (state | (state & LOCKED ? flags : LOCKED)) & ~waking;
    } while (!swap(m, &state, to));
    return !(state & LOCKED);
}

static int give_up(goro_mutex *m, struct rt_waiter *w)
{
    struct rt_waiters *ws = rt_waiters(&m->waiters);
    rt_lock(&ws->lock);
    rt_waitq_remove(&ws->queue, w);
    if (!ws->queue.first)
        __atomic_fetch_and(&m->state, ~(uint32_t)(WAITING | STARVING), __ATOMIC_RELAXED);
    rt_unlock(&ws->lock);
    return -ETIMEDOUT;
}

static int lock_slow(goro_mutex *m, int64_t deadline)
{
    struct rt_waiters *ws = rt_waiters(&m->waiters);
    uint32_t waking = 0, starving = 0;
    int64_t since = 0;
    for (;;) {
        if (take_or(m, 0, waking))
            return 0;
        struct rt_g *g = rt_goroutine("goro_mutex_lock");
        bool first = since == 0;
        since = first ? goro_now() : since;
        struct rt_waiter w = {.g = g, .claim = deadline == GORO_FOREVER ? NULL : &g->claim, .value = 1};
        w.element = (void *)since;
        rt_lock(&ws->lock);
        if (take_or(m, WAITING | starving, waking)) {
            rt_unlock(&ws->lock);
            return 0;
        }
        g->claim = 0;
        (first ? rt_waitq_push : rt_waitq_push_front)(&ws->queue, &w);
        if (!rt_park_until(&g->claim, deadline, rt_unlock_arg, &ws->lock, RT_REASON_MUTEX, m))
            return give_up(m, &w);
        if (w.result == HANDED)
            return 0;
        waking = WAKING;
        starving = goro_now() - since > PATIENCE ? STARVING : 0;
    }
}

/* The mutex is locked by the caller: gives it up, or to the first waiter. */
static void wake_one(goro_mutex *m)
{
    struct rt_waiters *ws = rt_waiters(&m->waiters);
    rt_lock(&ws->lock);
    struct rt_waiter *w = rt_waitq_pop(&ws->queue);
    uint32_t state = state_of(m), clear = ws->queue.first ? 0 : WAITING | STARVING;
    if (w && state & STARVING) {
        if (goro_now() - (int64_t)w->element <= PATIENCE)
            clear |= STARVING;
        w->result = HANDED;
        __atomic_fetch_and(&m->state, ~clear, __ATOMIC_RELEASE);
    } else {
        while (!swap(m, &state, (state & ~(clear | LOCKED)) | (w ? WAKING : 0)))
            ;
    }
    rt_unlock(&ws->lock);
    if (w)
        rt_ready(w->g);
}

void goro_mutex_lock_slow(goro_mutex *m)
{
    lock_slow(m, GORO_FOREVER);
}

void goro_mutex_unlock_slow(goro_mutex *m)
{
    uint32_t state = state_of(m);
    do {
        if (!(state & LOCKED)) {
            rt_emit_misuse(GORACE_MISUSE_UNLOCK_UNLOCKED, m, "unlock of unlocked mutex");
            goro_panic("unlock of unlocked mutex");
        }
        if (state & WAITING && (state & STARVING || !(state & WAKING))) {
            wake_one(m);
            return;
        }
    } while (!swap(m, &state, state & ~(uint32_t)LOCKED));
}

bool goro_mutex_trylock(goro_mutex *m)
{
    RT_OP(TRYLOCK, m);
    if (!take_or(m, 0, 0))
        return false;
    rt_emit_lock(rt_self(), m, GORACE_LOCK_EXCLUSIVE | GORACE_LOCK_TRY);
    return true;
}

int goro_mutex_lock_until(goro_mutex *m, int64_t deadline)
{
    RT_OP(LOCK, m);
    if (!take_or(m, 0, 0)) {
        int error = rt_passed(deadline) ? -ETIMEDOUT : lock_slow(m, deadline);
        if (error)
            return error;
    }
    rt_emit_lock(rt_self(), m, GORACE_LOCK_EXCLUSIVE | (deadline == GORO_FOREVER ? 0 : GORACE_LOCK_TIMED));
    return 0;
}

void rt_mutex_lock(goro_mutex *m)
{
    if (!take_or(m, 0, 0))
        lock_slow(m, GORO_FOREVER);
    rt_emit_lock(rt_self(), m, GORACE_LOCK_EXCLUSIVE);
}

void goro_mutex_lock(goro_mutex *m)
{
    RT_OP(LOCK, m);
    rt_mutex_lock(m);
}

void goro_mutex_unlock(goro_mutex *m)
{
    RT_OP(UNLOCK, m);
    rt_mutex_unlock(m);
}

void rt_mutex_unlock(goro_mutex *m)
{
    uint32_t state = LOCKED;
    rt_emit_unlock(rt_self(), m, GORACE_LOCK_EXCLUSIVE);
    if (!__atomic_compare_exchange_n(&m->state, &state, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        goro_mutex_unlock_slow(m);
}
