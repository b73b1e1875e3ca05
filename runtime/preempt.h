/* Essay: preempt.c. */
#ifndef RT_PREEMPT_H
#define RT_PREEMPT_H

struct rt_m;
struct rt_p;

void rt_preempt_start(void);
void rt_preempt_stop(void);
/* Makes the goroutine that runs with p leave it, now or soon, if it can be. */
void rt_preempt(struct rt_p *p);
/* At the end of the runtime: m's goroutine becomes a thread of its own. */
void rt_preempt_abandon(struct rt_m *m);

/* Into rt_halted (trace.h), wherever it is. */
void rt_preempt_halt(struct rt_m *m);

#endif
