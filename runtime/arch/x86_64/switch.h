/* The switch between two stacks, inlined where it is made.
 *
 * Not a function, for the sake of the processor's stack of return addresses: it would hold the call of the switch when the
 * other goroutine continues, and every return after that would be mispredicted (measured: 8 ns of a yield's 25). So the
 * address to continue at is pushed by hand and jumped to, and the compiler is told that all registers change: it saves
 * those that are alive, no others. rbp stays the caller's frame pointer (-fno-omit-frame-pointer), from which unwinders
 * compute the frame at every instruction here; and nothing may be kept below rsp (-mno-red-zone).
 *
 * The control words of x87 and SSE are kept as the calling convention wants. To read the one of SSE costs more than all the
 * rest (stmxcsr: 4 to 6 ns). <fenv.h> changes both together, so while x87's is the usual one on both sides, SSE's is left
 * alone: flush-to-zero and the like, which <xmmintrin.h> sets in SSE's only, belong to the thread. */
#ifndef RT_ARCH_SWITCH_H
#define RT_ARCH_SWITCH_H

#include "frame.h"

#define RT_TEXT(x) RT_TEXT_(x)
#define RT_TEXT_(x) #x

#ifdef __AVX512F__
#define RT_AVX512_REGISTERS \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", \
        "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define RT_AVX512_REGISTERS
#endif

/* Saves the caller's context, its stack pointer in *save, and continues `to`. Comes back when somebody continues the saved one,
 * maybe on another thread: nothing thread-local that was read before is valid. */
static inline __attribute__((always_inline)) void rt_ctx_switch(void **save, void *to)
{
    __asm__ volatile("leaq 1f(%%rip), %%rcx\n\t"
                     "pushq %%rcx\n\t"
                     "pushq %%rbp\n\t"
                     "subq $8, %%rsp\n\t"
                     "fnstcw " RT_TEXT(RT_FRAME_X87) "(%%rsp)\n\t"
                     "movq %%rsp, %%rdx\n\t"
                     "movq %%rsp, (%0)\n\t"
                     "movq %1, %%rsp\n\t"
                     "cmpw $" RT_TEXT(RT_X87) ", " RT_TEXT(RT_FRAME_X87) "(%%rdx)\n\t"
                     "jne rt_ctx_words\n\t"
                     "cmpw $" RT_TEXT(RT_X87) ", " RT_TEXT(RT_FRAME_X87) "(%%rsp)\n\t"
                     "jne rt_ctx_words\n\t"
                     "addq $8, %%rsp\n\t"
                     "popq %%rbp\n\t"
                     "popq %%rcx\n\t"
                     "jmpq *%%rcx\n"
                     "1:\n\t"
                     "endbr64\n\t"
                     : "+D"(save), "+S"(to)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1",
                       "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                       "xmm14", "xmm15" RT_AVX512_REGISTERS, "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",
                       "st(7)", "memory", "cc");
}

#endif
