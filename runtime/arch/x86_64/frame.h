/* What a goroutine's saved context looks like, for C and for switch.S, which checks nothing: the assertions below do. */
#ifndef RT_ARCH_FRAME_H
#define RT_ARCH_FRAME_H

#define RT_FRAME_MXCSR 0
#define RT_FRAME_X87 4
#define RT_FRAME_SIZE 64
#define RT_MXCSR 0x1f80 /* as a process starts */
#define RT_X87 0x037f

/* rt_task_begin's output, in the frame of rt_ctx_entry: general registers, then vector registers. */
#define RT_REGS_SIZE 96

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct rt_frame { /* at g->sp, lowest address first: what rt_ctx_switch pushed */
    uint32_t mxcsr;
    uint16_t x87, unused;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    void *rip;
};
_Static_assert(offsetof(struct rt_frame, mxcsr) == RT_FRAME_MXCSR, "switch.S");
_Static_assert(offsetof(struct rt_frame, x87) == RT_FRAME_X87, "switch.S");
_Static_assert(sizeof(struct rt_frame) == RT_FRAME_SIZE, "switch.S");

struct rt_regs {
    uint64_t general[6], vector[6];
};
_Static_assert(sizeof(struct rt_regs) == RT_REGS_SIZE, "switch.S");
#endif
#endif
