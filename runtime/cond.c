/* Conditions: a queue. A waiter is in it before it gives the mutex up, so that whoever changes what is waited for, under the
 * mutex, and then signals, finds it. A signal goes to one who waited before it (Go's tickets): the queue is in order of arrival and
 * newcomers are at its end.
 *
 * Order of locks: the condition's, then the mutex's (its unlock). */
#include "waiters.h"

/* Without the lock: who waits already was queued under the mutex, or there is no order between the two. */
static bool nobody_waits(goro_cond *c)
{
    return !__atomic_load_n(&c->waiters.first, __ATOMIC_ACQUIRE);
}

static int give_up(goro_cond *c, struct rt_waiter *w)
{
    struct rt_waiters *ws = rt_waiters(&c->waiters);
    rt_lock(&ws->lock);
    rt_waitq_remove(&ws->queue, w);
    rt_unlock(&ws->lock);
    return -ETIMEDOUT;
}

static int wait(goro_cond *c, goro_mutex *m, int64_t deadline)
{
    struct rt_waiters *ws = rt_waiters(&c->waiters);
    struct rt_g *g = rt_goroutine("goro_cond_wait");
    struct rt_waiter w = {.g = g, .claim = deadline == GORO_FOREVER ? NULL : &g->claim, .value = 1};
    int result = 0;
    rt_lock(&ws->lock);
    g->claim = 0;
    rt_waitq_push(&ws->queue, &w);
    rt_mutex_unlock(m);
    if (rt_park_until(&g->claim, deadline, rt_unlock_arg, &ws->lock, RT_REASON_COND, c))
        rt_emit_acquire(g, c);
    else
        result = give_up(c, &w);
    rt_mutex_lock(m);
    return result;
}

int goro_cond_wait_until(goro_cond *c, goro_mutex *m, int64_t deadline)
{
    RT_OP(COND_WAIT, c);
    return wait(c, m, deadline);
}

void goro_cond_wait(goro_cond *c, goro_mutex *m)
{
    RT_OP(COND_WAIT, c);
    wait(c, m, GORO_FOREVER);
}

void goro_cond_signal(goro_cond *c)
{
    RT_OP(COND_SIGNAL, c);
    struct rt_waiters *ws = rt_waiters(&c->waiters);
    rt_emit_release(rt_self(), c);
    if (nobody_waits(c))
        return;
    rt_lock(&ws->lock);
    struct rt_waiter *w = rt_waitq_pop(&ws->queue);
    rt_unlock(&ws->lock);
    if (w)
        rt_ready(w->g);
}

void goro_cond_broadcast(goro_cond *c)
{
    RT_OP(COND_BROADCAST, c);
    struct rt_waiters *ws = rt_waiters(&c->waiters);
    struct rt_glist list = {0};
    struct rt_waiter *w;
    rt_emit_release(rt_self(), c);
    if (nobody_waits(c))
        return;
    rt_lock(&ws->lock);
    while ((w = rt_waitq_pop(&ws->queue)))
        rt_glist_push(&list, w->g);
    rt_unlock(&ws->lock);
    rt_ready_all(&list);
}
