/* Tickers: a timer that arms itself again. The next tick is on the grid of the first, ticks that were missed are left out; the
 * channel has room for one time, and a tick that finds it full is dropped.
 *
 * Lock: t->lock, over stop and reset; `fire` does not take it. period and next change only while the timer is not
 * armed and does not fire. */
#include <goro/goro.h>

#include "chan.h"
#include "rt.h"
#include "timer_api.h"

struct goro_ticker {
    struct rt_lock lock;
    struct rt_timer timer;
    struct goro_chan *chan;
    int64_t period, next;
};

static void fire(struct rt_timer *timer)
{
    struct goro_ticker *t = timer->arg;
    rt_send_time(t->chan);
    int64_t missed = (goro_now() - t->next) / t->period;
    t->next += (missed + 1) * t->period;
    rt_timer_add(timer, t->next);
}

static void start(struct goro_ticker *t, int64_t ns)
{
    if (ns <= 0)
        goro_panic("ticker with a period that is not positive");
    t->period = ns;
    t->next = rt_after(ns);
    rt_emit_timer_starts(&t->timer);
    rt_timer_add(&t->timer, t->next);
}

struct goro_ticker *goro_ticker_new(int64_t ns)
{
    RT_OP(TIMER, NULL);
    struct goro_ticker *t = rt_alloc(sizeof *t);
    if (!t)
        goro_panic("out of memory: no ticker");
    t->chan = rt_chan_new(sizeof(int64_t), 1);
    t->timer.fire = fire;
    t->timer.arg = t;
    start(t, ns);
    return t;
}

/* Requires: t->lock. */
static void stop(struct goro_ticker *t)
{
    rt_timer_del(&t->timer);
    rt_chan_try_recv(t->chan, NULL);
}

void goro_ticker_stop(struct goro_ticker *t)
{
    RT_OP(TIMER, t);
    rt_lock(&t->lock);
    stop(t);
    rt_unlock(&t->lock);
}

void goro_ticker_reset(struct goro_ticker *t, int64_t ns)
{
    RT_OP(TIMER, t);
    rt_lock(&t->lock);
    stop(t);
    start(t, ns);
    rt_unlock(&t->lock);
}

void goro_ticker_free(struct goro_ticker *t)
{
    RT_OP(TIMER, t);
    if (!t)
        return;
    rt_lock(&t->lock);
    stop(t);
    rt_unlock(&t->lock);
    rt_chan_free(t->chan);
    rt_free(t, sizeof *t);
}

struct goro_chan *goro_ticker_chan_raw(struct goro_ticker *t)
{
    return t->chan;
}
