/* Public timers.
 *
 * A timer's channel has room for one time. Stop and reset first make sure that `fire` has returned (rt_timer_del), then drop
 * what it has put into the channel: so nothing stale is received afterwards (as since Go 1.23). A value that was dropped means that
 * nobody has seen the timer fire: it counts as pending. Unlike in Go, length and capacity are the channel's own.
 *
 * Lock: t->lock, over stop and reset; `fire` does not take it. */
#include <goro/goro.h>

#include "rt.h"
#include "timer_api.h"

struct goro_timer {
    struct rt_lock lock;
    struct rt_timer timer;
    struct goro_chan *chan; /* NULL: fn */
    void (*fn)(void *arg);
    void *arg;
};

int64_t rt_after(int64_t ns)
{
    int64_t now = goro_now();
    return ns <= 0 ? now : ns < GORO_FOREVER - now ? now + ns : GORO_FOREVER - 1;
}

void rt_send_time(struct goro_chan *chan)
{
    int64_t now = goro_now();
    goro_chan_try_send_raw(chan, &now);
}

static void fire(struct rt_timer *timer)
{
    struct goro_timer *t = timer->arg;
    if (t->chan)
        rt_send_time(t->chan);
    else if (goro_go_fn(t->fn, t->arg, NULL))
        goro_panic("goro_after_func: no memory for a goroutine");
}

static struct goro_timer *start(int64_t ns, struct goro_chan *chan, void (*fn)(void *), void *arg)
{
    struct goro_timer *t = rt_alloc(sizeof *t);
    if (!t)
        goro_panic("out of memory: no timer");
    t->timer.fire = fire;
    t->timer.arg = t;
    t->chan = chan;
    t->fn = fn;
    t->arg = arg;
    rt_timer_add(&t->timer, rt_after(ns));
    return t;
}

struct goro_timer *goro_timer_new(int64_t ns)
{
    return start(ns, goro_chan_new(sizeof(int64_t), 1), NULL, NULL);
}

struct goro_timer *goro_after_func(int64_t ns, void (*fn)(void *arg), void *arg)
{
    return start(ns, NULL, fn, arg);
}

/* Requires: t->lock. */
static bool stop(struct goro_timer *t)
{
    bool pending = rt_timer_del(&t->timer);
    return (t->chan && goro_chan_try_recv_raw(t->chan, NULL) > 0) || pending;
}

bool goro_timer_stop(struct goro_timer *t)
{
    rt_lock(&t->lock);
    bool pending = stop(t);
    rt_unlock(&t->lock);
    return pending;
}

bool goro_timer_reset(struct goro_timer *t, int64_t ns)
{
    rt_lock(&t->lock);
    bool pending = stop(t);
    rt_timer_add(&t->timer, rt_after(ns));
    rt_unlock(&t->lock);
    return pending;
}

void goro_timer_free(struct goro_timer *t)
{
    if (!t)
        return;
    goro_timer_stop(t);
    goro_chan_free_raw(t->chan);
    rt_free(t, sizeof *t);
}

struct goro_chan *goro_timer_chan_raw(struct goro_timer *t)
{
    return t->chan;
}
