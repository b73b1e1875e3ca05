/* Ms at the end of the runtime; the rest is in sched.h. */
#ifndef RT_WORKER_H
#define RT_WORKER_H

void rt_ms_wake_all(void);
void rt_ms_join(void);

#endif
