/* What the first frame (switch.S) calls. */
#ifndef RT_TASK_H
#define RT_TASK_H

#include "context.h"

struct rt_start { /* in rax and rdx */
    void (*entry)(void);
    uint64_t floats;
};

struct rt_start rt_task_begin(struct rt_g *g, struct rt_regs *regs);
void rt_task_end(void) __attribute__((noreturn));

#endif
