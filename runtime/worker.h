/* Ms at the end of the runtime; the rest is in sched.h. */
#ifndef RT_WORKER_H
#define RT_WORKER_H

#include <stdbool.h>

struct rt_m;

/* Ends or abandons all; false: some of them live on, so that nothing they may touch can be freed. */
bool rt_ms_end(void);
/* The calling goroutine's M was abandoned: its thread ends. */
void rt_m_abandon(struct rt_m *m) __attribute__((noreturn));

/* The calling thread is no longer ours: its goroutine goes on without P, until it would wait. Requires: on m, locks > 0. */
void rt_m_leave(struct rt_m *m);

#endif
