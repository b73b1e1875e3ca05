/* Worker pools: goroutines that receive tasks from a channel.
 *
 * `pending` counts tasks from before their submit enters the channel until they have run. A close first refuses new submits,
 * then waits for pending to be zero: nobody is in a send any more when the channel is closed.
 *
 * A task that ends its goroutine (goro_exit) takes a worker with it; another one is started in its place.
 *
 * Lock: p->lock for pending, closed and the queue of those who wait for zero. */
#include <errno.h>

#include "waiters.h"

struct task {
    void (*fn)(void *arg);
    void *arg;
};

struct goro_pool {
    struct rt_lock lock;
    bool closed;
    size_t pending;
    struct rt_waitq waiters;
    goro_chan_of(struct task) tasks;
    goro_waitgroup workers;
};

static void finish_task(struct goro_pool *p)
{
    struct rt_glist list = {0};
    struct rt_waiter *w;
    rt_lock(&p->lock);
    rt_emit_release_merge(rt_self(), p);
    if (--p->pending == 0)
        while ((w = rt_waitq_pop(&p->waiters)))
            rt_glist_push(&list, w->g);
    rt_unlock(&p->lock);
    rt_ready_all(&list);
}

static int start_worker(struct goro_pool *p);

static void worker_ended(void *arg)
{
    struct goro_pool *p = arg;
    if (start_worker(p))
        goro_panic("goro_pool: no memory for a worker");
    finish_task(p);
    rt_waitgroup_add(&p->workers, -1);
}

static void work(struct goro_pool *p)
{
    struct rt_at_end hook;
    goro_chan_range(p->tasks, task) {
        rt_at_end_push(&hook, worker_ended, p);
        task.fn(task.arg);
        rt_at_end_pop(&hook);
        finish_task(p);
    }
    rt_waitgroup_add(&p->workers, -1);
}

static int start_worker(struct goro_pool *p)
{
    rt_waitgroup_add(&p->workers, 1);
    int result = goro_go(work, p);
    if (result < 0)
        rt_waitgroup_add(&p->workers, -1);
    return result;
}

static void end(struct goro_pool *p)
{
    goro_chan_close(p->tasks);
    rt_waitgroup_wait(&p->workers, GORO_FOREVER);
    goro_chan_free(p->tasks);
    rt_free(p, sizeof *p);
}

struct goro_pool *goro_pool_new(int workers, size_t backlog)
{
    RT_OP(POOL, NULL);
    if (workers <= 0)
        goro_panic("goro_pool_new: %d workers", workers);
    struct goro_pool *p = rt_alloc(sizeof *p);
    if (!p)
        return NULL;
    p->tasks = goro_chan_make(struct task, backlog);
    for (int i = 0; i < workers; i++) {
        if (start_worker(p) == 0)
            continue;
        end(p);
        return NULL;
    }
    return p;
}

/* true: counted as pending. */
static bool enter(struct goro_pool *p)
{
    rt_lock(&p->lock);
    bool open = !p->closed;
    p->pending += open;
    rt_unlock(&p->lock);
    return open;
}

int goro_pool_submit(struct goro_pool *p, void (*fn)(void *arg), void *arg)
{
    RT_OP(POOL, p);
    if (!enter(p))
        return -EPIPE;
    goro_chan_send(p->tasks, (struct task){fn, arg});
    return 0;
}

int goro_pool_try_submit(struct goro_pool *p, void (*fn)(void *arg), void *arg)
{
    if (!enter(p))
        return -EPIPE;
    if (goro_chan_try_send(p->tasks, (struct task){fn, arg}))
        return 0;
    finish_task(p);
    return -EAGAIN;
}

void goro_pool_wait(struct goro_pool *p)
{
    RT_OP(POOL, p);
    struct rt_waiter w = {.g = rt_goroutine("goro_pool_wait")};
    rt_lock(&p->lock);
    if (p->pending == 0) {
        rt_unlock(&p->lock);
    } else {
        rt_waitq_push(&p->waiters, &w);
        rt_park_locked(&p->lock, RT_REASON_POOL, p);
    }
    rt_emit_acquire(w.g, p);
}

void goro_pool_close(struct goro_pool *p)
{
    RT_OP(POOL, p);
    rt_lock(&p->lock);
    bool closed = p->closed;
    p->closed = true;
    rt_unlock(&p->lock);
    if (closed)
        goro_panic("close of a closed pool");
    goro_pool_wait(p);
    end(p);
}
