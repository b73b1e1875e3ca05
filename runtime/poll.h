/* What the scheduler asks of the poller. Readiness makes goroutines runnable; the poller never runs them.
 *
 * rt_poll_waiters: how many goroutines wait for descriptors; 0: the scheduler does not poll.
 * rt_poll: collects goroutines whose descriptors are ready (each claimed, waitq.h) into *ready and returns how many.
 *     `until` <= 0: does not wait; otherwise blocks this M (without a P) until then, goro_now() time, or rt_poll_wake.
 *     p: whose events to prefer, NULL: all. At most one M blocks in it; the others sleep on their futex.
 * rt_poll_wake: ends that one's wait, now or the next one. From anywhere, also a signal handler. */
#ifndef RT_POLL_H
#define RT_POLL_H

#include <stdint.h>

struct rt_p;
struct rt_g;

struct rt_glist { /* linked by g->next */
    struct rt_g *first, *last;
    uint32_t count;
};

uint32_t rt_poll_waiters(void);
uint32_t rt_poll(struct rt_p *p, int64_t until, struct rt_glist *ready);
void rt_poll_wake(void);
int rt_poll_start(void);       /* with the runtime: 0 or -errno */
void rt_poll_stop(void);       /* also after a start that failed */
void rt_poll_after_fork(void); /* in the child */
void rt_poll_drop_waits(void); /* no goroutine waits any more */

/* What fd.c asks of it, with the descriptor's lock held. *home becomes the poller that watches it. */
int rt_poll_add(int fd, uint32_t generation, uint16_t *home);
void rt_poll_del(int fd, uint16_t home);
void rt_poll_waiting(uint16_t home, int change); /* goroutines that wait for descriptors of it */

#endif
