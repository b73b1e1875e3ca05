/* Essay: fork.c. */
#ifndef RT_FORK_H
#define RT_FORK_H

void rt_fork_start(void);
/* In a child, the first time at g0. */
void rt_fork_threads(void);

#endif
