/* What a goroutine's saved context looks like, for C and for switch.h and .S, which check nothing: the assertions below do. */
#ifndef RT_ARCH_FRAME_H
#define RT_ARCH_FRAME_H

#define RT_FRAME_MXCSR 0
#define RT_FRAME_X87 4
#define RT_FRAME_SIZE 24
#define RT_MXCSR 0x1f80 /* as a process starts */
#define RT_X87 0x037f

/* rt_task_begin's output, in the frame of rt_ctx_entry: general registers, then vector registers. */
#define RT_REGS_SIZE 96

#define RT_THREAD_SIZE 24 /* tls.h */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct rt_frame { /* at g->sp, lowest address first: what rt_ctx_switch pushed */
    uint32_t mxcsr;
    uint16_t x87, unused;
    uint64_t rbp; /* of a goroutine that has not started: the struct rt_g */
    void *rip;
};
_Static_assert(offsetof(struct rt_frame, mxcsr) == RT_FRAME_MXCSR, "switch.h");
_Static_assert(offsetof(struct rt_frame, x87) == RT_FRAME_X87, "switch.h");
_Static_assert(sizeof(struct rt_frame) == RT_FRAME_SIZE, "switch.h");

struct rt_regs {
    uint64_t general[6], vector[6];
};
_Static_assert(sizeof(struct rt_regs) == RT_REGS_SIZE, "switch.S");
#endif
#endif
