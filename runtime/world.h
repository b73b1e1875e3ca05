/* Essay: world.c. */
#ifndef RT_WORLD_H
#define RT_WORLD_H

struct rt_m;

/* By a goroutine. In between there is no preemption and nothing may wait. */
void rt_world_stop(void);
void rt_world_start(void);
/* An M with a P at g0 stands still, as long as the world does; it may come back without P. */
void rt_world_wait(struct rt_m *m);

#endif
