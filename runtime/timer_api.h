/* What public timers, tickers and contexts share. */
#ifndef RT_TIMER_API_H
#define RT_TIMER_API_H

#include <stdint.h>

struct goro_chan;

/* The point of time `ns` from now, without overflow. */
int64_t rt_after(int64_t ns);
/* The time into a channel; dropped if there is no room. */
void rt_send_time(struct goro_chan *chan);

#endif
