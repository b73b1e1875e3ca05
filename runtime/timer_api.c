/* Public timers.
 *
 * A timer's channel has room for one time. Stop and reset first make sure that `fire` has returned (rt_timer_del), then drop
 * what it has put into the channel: so nothing stale is received afterwards (as since Go 1.23). A value that was dropped means that
 * nobody has seen the timer fire: it counts as pending. Unlike in Go, length and capacity are the channel's own.
 *
 * Lock: t->lock, over stop and reset; `fire` does not take it. */
#include <goro/goro.h>

#include "chan.h"
#include "rt.h"
#include "timer_api.h"

struct goro_timer {
    struct rt_timer timer; /* first; its arg is fn's */
    union {
        struct goro_chan *chan;
        void (*fn)(void *arg);
    };
    struct rt_lock lock;
};
_Static_assert(sizeof(struct goro_timer) <= 64, "a cache line: those that are stopped are mostly cold");

int64_t rt_after(int64_t ns)
{
    int64_t now = goro_now();
    return ns <= 0 ? now : ns < GORO_FOREVER - now ? now + ns : GORO_FOREVER - 1;
}

void rt_send_time(struct goro_chan *chan)
{
    int64_t now = goro_now();
    rt_chan_try_send(chan, &now);
}

static void fire_chan(struct rt_timer *timer)
{
    rt_send_time(((struct goro_timer *)timer)->chan);
}

static void fire_fn(struct rt_timer *timer)
{
    if (rt_go_fn(((struct goro_timer *)timer)->fn, timer->arg))
        goro_panic("goro_after_func: no memory for a goroutine");
}

static struct goro_timer *make(void (*fire)(struct rt_timer *timer))
{
    struct goro_timer *t = rt_alloc(sizeof *t);
    if (!t)
        goro_panic("out of memory: no timer");
    t->timer.fire = fire;
    return t;
}

struct goro_timer *goro_timer_new(int64_t ns)
{
    RT_OP(TIMER, NULL);
    struct goro_timer *t = make(fire_chan);
    t->chan = rt_chan_new(sizeof(int64_t), 1);
    rt_emit_timer_starts(&t->timer);
    rt_timer_add(&t->timer, rt_after(ns));
    return t;
}

struct goro_timer *goro_after_func(int64_t ns, void (*fn)(void *arg), void *arg)
{
    RT_OP(TIMER, NULL);
    struct goro_timer *t = make(fire_fn);
    t->fn = fn;
    t->timer.arg = arg;
    rt_emit_timer_starts(&t->timer);
    rt_timer_add(&t->timer, rt_after(ns));
    return t;
}

static struct goro_chan *chan_of(const struct goro_timer *t)
{
    return t->timer.fire == fire_chan ? t->chan : NULL;
}

/* Requires: t->lock. */
static bool stop(struct goro_timer *t)
{
    bool pending = rt_timer_del(&t->timer);
    return rt_chan_try_recv(chan_of(t), NULL) > 0 || pending;
}

bool goro_timer_stop(struct goro_timer *t)
{
    RT_OP(TIMER, t);
    rt_lock(&t->lock);
    bool pending = stop(t);
    rt_unlock(&t->lock);
    return pending;
}

bool goro_timer_reset(struct goro_timer *t, int64_t ns)
{
    RT_OP(TIMER, t);
    rt_lock(&t->lock);
    bool pending = stop(t);
    rt_emit_timer_starts(&t->timer);
    rt_timer_add(&t->timer, rt_after(ns));
    rt_unlock(&t->lock);
    return pending;
}

void goro_timer_free(struct goro_timer *t)
{
    RT_OP(TIMER, t);
    if (!t)
        return;
    if (!rt_timer_over(&t->timer))
        rt_timer_del(&t->timer);
    rt_chan_free(chan_of(t));
    rt_free(t, sizeof *t);
}

struct goro_chan *goro_timer_chan_raw(struct goro_timer *t)
{
    return chan_of(t);
}
