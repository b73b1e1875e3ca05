/* Stacks of goroutines, when the process is about to end. Essay: trace.c. */
#ifndef RT_TRACE_H
#define RT_TRACE_H

#include "out.h"

/* The caller's stack: one line a frame. */
void rt_trace_here(struct rt_out *out);
/* All goroutines, the calling one first, each with its stack if it can be had. Does not return the world to order. */
void rt_trace_all(int fd);
/* For the signal handler: this thread stays here, and prints its stack when rt_trace_all asks. */
struct rt_m;
void rt_halted(struct rt_m *m) __attribute__((noreturn));

#endif
