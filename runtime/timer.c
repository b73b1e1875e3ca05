/* Until there are timers. */
#include "timer.h"

#include "panic.h"
#include "rt.h"

int64_t rt_timers_run(struct rt_p *p, int64_t now)
{
    (void)p;
    (void)now;
    return INT64_MAX;
}

void rt_timers_free(struct rt_p *p)
{
    (void)p;
}

bool rt_park_until(uint32_t *claim, int64_t deadline, void (*unlock)(void *), void *arg, enum rt_reason reason,
                   const void *object)
{
    (void)claim;
    if (deadline != GORO_FOREVER)
        rt_fatal("rt_park_until: no timers yet");
    rt_park(unlock, arg, reason, object);
    return true;
}

void rt_timers_move(struct rt_p *from, struct rt_p *to)
{
    (void)from;
    (void)to;
}
