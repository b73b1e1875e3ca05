/* The only door to the assembly: contexts of goroutines. */
#ifndef RT_CONTEXT_H
#define RT_CONTEXT_H

#include "arch/x86_64/frame.h"
#include "arch/x86_64/switch.h"
#include "hidden.h"

struct rt_g;

/* Begins g at `top` (16-aligned) and forgets the caller. */
void rt_ctx_start(void *top, struct rt_g *g) __attribute__((noreturn));
/* The first frame's code, from here to there. */
void rt_ctx_entry(void);
extern RT_HIDDEN const char rt_ctx_entry_end[];

/* A context at `top` that begins g when it is switched to. Returns its stack pointer. */
static inline void *rt_ctx_make(char *top, struct rt_g *g)
{
    struct rt_frame *frame = (struct rt_frame *)top - 1;
    frame->mxcsr = RT_MXCSR;
    frame->x87 = RT_X87;
    frame->rbp = (uint64_t)g;
    frame->rip = (void *)rt_ctx_entry;
    return frame;
}

#endif
