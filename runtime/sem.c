/* Counting semaphores: a number and a queue under one lock. First come, first served, also for big requests: while somebody
 * waits nobody else gets anything. Whoever gives up looks whether those behind it can go on. */
#include "cancel.h"
#include "waiters.h"

enum { GRANTED = 1, ENDED = 2 }; /* a claim word's: by a release, by a context */

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
    struct rt_waiter w = {.g = g, .element = (void *)n, .value = GRANTED};
    w.claim = deadline == GORO_FOREVER ? NULL : &g->claim;
    g->claim = 0;
    rt_waitq_push(&ws->queue, &w);
    if (rt_park_until(&g->claim, deadline, rt_unlock_arg, &ws->lock, RT_REASON_SEMAPHORE, s))
        return 0;
    give_up(s, &w);
    return -ETIMEDOUT;
}

struct two_locks {
    struct rt_lock *context, *semaphore;
};

static void unlock_two(void *arg)
{
    struct two_locks two = *(struct two_locks *)arg;
    rt_unlock(two.semaphore);
    rt_unlock(two.context);
}

/* Waits in two queues: the claim word says which of them it was. */
static int acquire_or_end(goro_sem *s, int64_t n, struct goro_context *c, struct rt_lock *lock)
{
    struct rt_waiters *ws = rt_waiters(&s->waiters);
    struct rt_g *g = rt_goroutine("goro_sem_acquire_context");
    struct rt_waiter w = {.g = g, .element = (void *)n, .claim = &g->claim, .value = GRANTED};
    struct rt_waiter end = {.g = g, .claim = &g->claim, .value = ENDED};
    struct two_locks two = {lock, &ws->lock};
    check(n);
    rt_lock(lock);
    rt_lock(&ws->lock);
    int error = rt_context_err(c);
    if (error || take(s, n)) {
        unlock_two(&two);
        return error;
    }
    g->claim = 0;
    rt_waitq_push(&ws->queue, &w);
    rt_waitq_push(rt_context_waitq(c), &end);
    rt_park(unlock_two, &two, RT_REASON_SEMAPHORE, s);
    rt_lock(lock);
    rt_waitq_remove(rt_context_waitq(c), &end);
    rt_unlock(lock);
    if (g->claim == GRANTED)
        return 0;
    give_up(s, &w);
    return rt_context_err(c);
}

/* What was released to it happened before. */
static int acquired(goro_sem *s, int result)
{
    if (result == 0)
        rt_emit_acquire(rt_self(), s);
    return result;
}

void rt_sem_acquire(goro_sem *s, int64_t n)
{
    acquired(s, acquire(s, n, GORO_FOREVER));
}

void goro_sem_acquire(goro_sem *s, int64_t n)
{
    RT_OP(SEM_ACQUIRE, s);
    rt_sem_acquire(s, n);
}

int goro_sem_acquire_until(goro_sem *s, int64_t n, int64_t deadline)
{
    RT_OP(SEM_ACQUIRE, s);
    return acquired(s, acquire(s, n, deadline));
}

int goro_sem_acquire_context(goro_sem *s, int64_t n, struct goro_context *c)
{
    RT_OP(SEM_ACQUIRE, s);
    struct rt_lock *lock = rt_context_lock(c);
    return acquired(s, lock ? acquire_or_end(s, n, c, lock) : acquire(s, n, GORO_FOREVER));
}

bool goro_sem_tryacquire(goro_sem *s, int64_t n)
{
    RT_OP(SEM_ACQUIRE, s);
    struct rt_waiters *ws = rt_waiters(&s->waiters);
    check(n);
    rt_lock(&ws->lock);
    bool taken = take(s, n);
    rt_unlock(&ws->lock);
    return taken && acquired(s, 0) == 0;
}

void rt_sem_release(goro_sem *s, int64_t n)
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

void goro_sem_release(goro_sem *s, int64_t n)
{
    RT_OP(SEM_RELEASE, s);
    rt_sem_release(s, n);
}
