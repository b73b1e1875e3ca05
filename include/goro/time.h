/* Timers and tickers. Included by goro.h. From anywhere. */
#ifndef GORO_TIME_H
#define GORO_TIME_H

#ifdef __cplusplus
extern "C" {
#endif

struct goro_timer;

/* A timer whose channel gets the time once, `ns` from now. -> goro_timer_chan. Freed by goro_timer_free. Panics without memory. */
struct goro_timer *goro_timer_new(int64_t ns);
/* A timer that runs fn(arg) in a goroutine of its own. It has no channel. */
struct goro_timer *goro_after_func(int64_t ns, void (*fn)(void *arg), void *arg);
/* true: it was pending, and does not fire any more. */
bool goro_timer_stop(struct goro_timer *t);
/* Pending again, for ns from now; true: it was pending before. A value that was not taken is dropped. */
bool goro_timer_reset(struct goro_timer *t, int64_t ns);
/* Stops it; NULL is allowed. Its channel must not be used any more. */
void goro_timer_free(struct goro_timer *t);
struct goro_chan *goro_timer_chan_raw(struct goro_timer *t);

struct goro_ticker;
/* Its channel gets the time every ns; ticks that nobody takes are dropped. Panics if ns <= 0. */
struct goro_ticker *goro_ticker_new(int64_t ns);
void goro_ticker_stop(struct goro_ticker *t); /* does not close the channel */
void goro_ticker_reset(struct goro_ticker *t, int64_t ns);
void goro_ticker_free(struct goro_ticker *t);
struct goro_chan *goro_ticker_chan_raw(struct goro_ticker *t);

#ifdef __cplusplus
}
#else
#define goro_timer_chan(t) ((goro_recv_chan_of(int64_t))(void *)goro_timer_chan_raw(t))
#define goro_ticker_chan(t) ((goro_recv_chan_of(int64_t))(void *)goro_ticker_chan_raw(t))
#endif
#endif
