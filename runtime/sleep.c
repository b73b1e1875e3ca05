/* Parking with a deadline, and sleep: a timer on the stack of who waits, which therefore has fired or is taken out before the wait is
 * over. */
#include "rt.h"

struct timeout {
    struct rt_timer timer;
    int64_t deadline;
    struct rt_g *g;
    uint32_t *claim; /* NULL: nobody else wakes */
    void (*unlock)(void *arg);
    void *unlock_arg;
};

static void expire(struct rt_timer *timer)
{
    struct timeout *t = (struct timeout *)timer;
    if (!t->claim || rt_claim(t->claim, RT_CLAIM_TIMEOUT))
        rt_ready(t->g);
}

/* Armed when the goroutine's registers are saved, for it may fire at once; and before the locks go, for then a waker may end the wait. After
 * that nothing of *t may be touched. */
static void arm_and_unlock(void *arg)
{
    struct timeout *t = arg;
    void (*unlock)(void *) = t->unlock;
    void *unlock_arg = t->unlock_arg;
    rt_timer_add(&t->timer, t->deadline);
    if (unlock)
        unlock(unlock_arg);
}

static void disarm(struct rt_timer *t)
{
    if (!rt_timer_over(t))
        rt_timer_del(t);
}

bool rt_park_until(uint32_t *claim, int64_t deadline, void (*unlock)(void *), void *arg, enum rt_reason reason,
                   const void *object)
{
    if (deadline == GORO_FOREVER) {
        rt_park(unlock, arg, reason, object);
        return true;
    }
    struct timeout t = {.timer.fire = expire,
                        .deadline = deadline,
                        .g = rt_goroutine("waiting"),
                        .claim = claim,
                        .unlock = unlock,
                        .unlock_arg = arg};
    rt_park_timed(arm_and_unlock, &t, reason, object);
    disarm(&t.timer);
    return __atomic_load_n(claim, __ATOMIC_ACQUIRE) != RT_CLAIM_TIMEOUT;
}

void goro_sleep(int64_t ns)
{
    struct rt_g *g = rt_goroutine("goro_sleep");
    RT_OP(SLEEP, NULL);
    if (ns <= 0)
        return;
    int64_t now = goro_now();
    if (ns >= GORO_FOREVER - now)
        rt_park(NULL, NULL, RT_REASON_SLEEP, NULL);
    struct timeout t = {.timer.fire = expire, .deadline = now + ns, .g = g};
    rt_park_timed(arm_and_unlock, &t, RT_REASON_SLEEP, NULL);
    disarm(&t.timer);
}
