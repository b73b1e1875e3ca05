/* The switch between two stacks, and the first frame of a goroutine.
 *
 * Saved is what the System V calling convention has callees keep: rbx, rbp, r12-r15 and the control words of SSE and x87, which
 * are only loaded when they differ. The way out is an indirect jump, not `ret`: the processor's stack of return addresses
 * belongs to the other goroutine and would mispredict each time.
 *
 * Unwinding: the frame layout is the same on both sides, so the CFI holds before and after rsp changes. rt_ctx_entry says that its
 * return address is undefined, and calls with rbp = 0: there debuggers, libunwind and frame-pointer walkers end.
 * Not marked for shadow stacks: goroutine stacks have none, and the kernel would kill us for the jump. */
#include "frame.h"

    .text
/* void rt_ctx_switch(void **save, void *to) */
    .globl rt_ctx_switch
    .hidden rt_ctx_switch
    .type rt_ctx_switch, @function
    .p2align 5
rt_ctx_switch:
    .cfi_startproc
    endbr64
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr RT_FRAME_MXCSR(%rsp)
    fnstcw RT_FRAME_X87(%rsp)
    movl RT_FRAME_MXCSR(%rsp), %eax
    movzwl RT_FRAME_X87(%rsp), %edx
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    cmpl RT_FRAME_MXCSR(%rsp), %eax
    jne 2f
    cmpw RT_FRAME_X87(%rsp), %dx
    jne 2f
1:
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    .cfi_remember_state
    popq %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    popq %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register %rip, %rcx
    jmpq *%rcx
2:
    .cfi_restore_state
    .cfi_adjust_cfa_offset 8
    ldmxcsr RT_FRAME_MXCSR(%rsp)
    fldcw RT_FRAME_X87(%rsp)
    jmp 1b
    .cfi_endproc
    .size rt_ctx_switch, . - rt_ctx_switch

/* void rt_ctx_start(void *top, struct rt_g *g): begins g on the stack that ends at top, forgetting what was on it. */
    .globl rt_ctx_start
    .hidden rt_ctx_start
    .type rt_ctx_start, @function
rt_ctx_start:
    .cfi_startproc
    .cfi_undefined %rip
    endbr64
    movq %rdi, %rsp
    movq %rsi, %r12
    jmp rt_ctx_entry
    .cfi_endproc
    .size rt_ctx_start, . - rt_ctx_start

/* The first frame: rt_task_begin(g in r12, &regs), then the goroutine's function with these registers, then rt_task_end. The
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
    xorl %ebp, %ebp
    subq $RT_REGS_SIZE, %rsp
    movq %r12, %rdi
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

    .section .note.GNU-stack, "", @progbits
