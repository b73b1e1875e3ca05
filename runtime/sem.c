/* Counting semaphores: a number and a queue under one lock. First come, first served, also for big requests: while somebody
 * waits nobody else gets anything. Whoever gives up looks whether those behind it can go on. */
#include "waiters.h"

/* Requires: the lock. Serves the queue as far as the count goes. */
static void serve(goro_sem *s, struct rt_glist *list)
{
    struct rt_waiters *ws = rt_waiters(&s->waiters);
    struct rt_waiter *w;
    while ((w = ws->queue.first) && (int64_t)w->element <= s->count) {
        rt_waitq_remove(&ws->queue, w);
        if (w->claim && !rt_claim(w->claim, w->value))
            continue;
        s->count -= (int64_t)w->element;
        rt_glist_push(list, w->g);
    }
}

/* Requires: the lock. */
static bool take(goro_sem *s, int64_t n)
{
    if (s->waiters.first || s->count < n)
        return false;
    s->count -= n;
    return true;
}

static void check(int64_t n)
{
    if (n < 0)
        goro_panic("negative number for a semaphore");
}

static void give_up(goro_sem *s, struct rt_waiter *w)
{
    struct rt_waiters *ws = rt_waiters(&s->waiters);
    struct rt_glist list = {0};
    rt_lock(&ws->lock);
    rt_waitq_remove(&ws->queue, w);
    serve(s, &list);
    rt_unlock(&ws->lock);
    rt_ready_all(&list);
}

static int acquire(goro_sem *s, int64_t n, int64_t deadline)
{
    struct rt_waiters *ws = rt_waiters(&s->waiters);
    check(n);
    rt_lock(&ws->lock);
    if (take(s, n)) {
        rt_unlock(&ws->lock);
        return 0;
    }
    if (rt_passed(deadline)) {
        rt_unlock(&ws->lock);
        return -ETIMEDOUT;
    }
    struct rt_g *g = rt_goroutine("goro_sem_acquire");
    struct rt_waiter w = {.g = g, .element = (void *)n, .value = 1};
    w.claim = deadline == GORO_FOREVER ? NULL : &g->claim;
    g->claim = 0;
    rt_waitq_push(&ws->queue, &w);
    if (rt_park_until(&g->claim, deadline, rt_unlock_arg, &ws->lock, RT_REASON_SEMAPHORE, s))
        return 0;
    give_up(s, &w);
    return -ETIMEDOUT;
}

/* What was released to it happened before. */
static int acquired(goro_sem *s, int result)
{
    if (result == 0)
        rt_emit_acquire(rt_self(), s);
    return result;
}

void goro_sem_acquire(goro_sem *s, int64_t n)
{
    acquired(s, acquire(s, n, GORO_FOREVER));
}

int goro_sem_acquire_until(goro_sem *s, int64_t n, int64_t deadline)
{
    return acquired(s, acquire(s, n, deadline));
}

bool goro_sem_tryacquire(goro_sem *s, int64_t n)
{
    struct rt_waiters *ws = rt_waiters(&s->waiters);
    check(n);
    rt_lock(&ws->lock);
    bool taken = take(s, n);
    rt_unlock(&ws->lock);
    return taken && acquired(s, 0) == 0;
}

void goro_sem_release(goro_sem *s, int64_t n)
{
    struct rt_waiters *ws = rt_waiters(&s->waiters);
    struct rt_glist list = {0};
    check(n);
    rt_emit_release_merge(rt_self(), s);
    rt_lock(&ws->lock);
    s->count += n;
    serve(s, &list);
    rt_unlock(&ws->lock);
    rt_ready_all(&list);
}
