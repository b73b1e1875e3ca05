/* Calls f(arg) on another stack, whose end is `top`. An unwinder gets no further than this frame while the call lasts. */
#ifndef GORACE_CALL_ON_H
#define GORACE_CALL_ON_H

static __attribute__((noinline)) void call_on(char *top, void (*f)(void *arg), void *arg)
{
    __asm__ volatile("mov %%rsp, %%rbx\n\t"
                     "mov %[top], %%rsp\n\t"
                     "call *%[f]\n\t"
                     "mov %%rbx, %%rsp"
                     : "+D"(arg)
                     : [top] "r"(top), [f] "r"(f)
                     : "rbx", "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                       "xmm15");
}

#endif
