/* The rare part of the switch between two stacks (switch.h), and the first frame of a goroutine.
 *
 * Unwinding: rt_ctx_entry says that its return address is undefined, and calls with rbp = 0: there debuggers, libunwind and
 * frame-pointer walkers end.
 * Not marked for shadow stacks: goroutine stacks have none, and the kernel would kill us for the jump. */
#include "frame.h"

    .text
/* The end of rt_ctx_switch where the floating-point control words are not all the usual ones: rdx and rsp are the frames that
 * it has left and continues. */
    .globl rt_ctx_words
    .hidden rt_ctx_words
    .type rt_ctx_words, @function
rt_ctx_words:
    .cfi_startproc
    .cfi_def_cfa_offset RT_FRAME_SIZE
    .cfi_offset %rbp, -16
    stmxcsr RT_FRAME_MXCSR(%rdx)
    cmpw $RT_X87, RT_FRAME_X87(%rsp)
    jne 1f
    movl $RT_MXCSR, RT_FRAME_MXCSR(%rsp) /* it was not saved */
1:
    fldcw RT_FRAME_X87(%rsp)
    ldmxcsr RT_FRAME_MXCSR(%rsp)
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    popq %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register %rip, %rcx
    jmpq *%rcx
    .cfi_endproc
    .size rt_ctx_words, . - rt_ctx_words

/* void rt_ctx_start(void *top, struct rt_g *g): begins g on the stack that ends at top, forgetting what was on it. */
    .globl rt_ctx_start
    .hidden rt_ctx_start
    .type rt_ctx_start, @function
rt_ctx_start:
    .cfi_startproc
    .cfi_undefined %rip
    endbr64
    movq %rdi, %rsp
    movq %rsi, %rbp
    jmp rt_ctx_entry
    .cfi_endproc
    .size rt_ctx_start, . - rt_ctx_start

/* The first frame: rt_task_begin(g in rbp, &regs), then the goroutine's function with these registers, then rt_task_end. The
 * nop: callers of nobody are looked up by return address - 1. */
    .type rt_ctx_entry, @function
    .p2align 4
    nop
    .globl rt_ctx_entry
    .hidden rt_ctx_entry
rt_ctx_entry:
    .cfi_startproc
    .cfi_undefined %rip
    endbr64
    movq %rbp, %rdi
    xorl %ebp, %ebp
    subq $RT_REGS_SIZE, %rsp
    movq %rsp, %rsi
    call rt_task_begin
    movq %rax, %r11
    testl %edx, %edx
    je 1f
    movsd 48(%rsp), %xmm0
    movsd 56(%rsp), %xmm1
    movsd 64(%rsp), %xmm2
    movsd 72(%rsp), %xmm3
    movsd 80(%rsp), %xmm4
    movsd 88(%rsp), %xmm5
1:
    movq 0(%rsp), %rdi
    movq 8(%rsp), %rsi
    movq 16(%rsp), %rdx
    movq 24(%rsp), %rcx
    movq 32(%rsp), %r8
    movq 40(%rsp), %r9
    addq $RT_REGS_SIZE, %rsp
    movl $6, %eax
    call *%r11
    call rt_task_end
    ud2
    .cfi_endproc
    .size rt_ctx_entry, . - rt_ctx_entry
    .globl rt_ctx_entry_end
    .hidden rt_ctx_entry_end
rt_ctx_entry_end:

/* struct rt_thread of tls.h: here, because link-time optimisation does not see the references in asm statements. */
    .section .tbss, "awT", @nobits
    .globl rt_thread
    .hidden rt_thread
    .type rt_thread, @object
    .size rt_thread, RT_THREAD_SIZE
    .p2align 4
rt_thread:
    .zero RT_THREAD_SIZE

    .section .note.GNU-stack, "", @progbits
