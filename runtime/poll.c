/* Until there is a poller: only the sleep of the last idle M. */
#include "poll.h"

#include "os.h"
#include "rt.h"

static uint32_t woken;

uint32_t rt_poll_waiters(void)
{
    return 0;
}

uint32_t rt_poll(struct rt_p *p, int64_t until, struct rt_glist *ready)
{
    (void)p;
    (void)ready;
    while (until > 0 && !__atomic_exchange_n(&woken, 0, __ATOMIC_SEQ_CST) && goro_now() < until)
        rt_futex_wait(&woken, 0, until);
    return 0;
}

void rt_poll_wake(void)
{
    __atomic_store_n(&woken, 1, __ATOMIC_SEQ_CST);
    rt_futex_wake(&woken, 1);
}

void rt_poll_start(void)
{
}

void rt_poll_stop(void)
{
}
