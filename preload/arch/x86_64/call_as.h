/* Calls `f(a, b, c)` so that it finds `from` as its return address: `from` is the address of a `ret` instruction, which
 * brings the processor back here. While the call lasts, an unwinder sees a wrong frame at `from`. */
#ifndef GORACE_CALL_AS_H
#define GORACE_CALL_AS_H

#include <stdbool.h>
#include <stdint.h>

#define RETURN_INSTRUCTION 0xc3

/* With a shadow stack in force the processor refuses such a return. */
static inline bool can_call_as(void)
{
    uint64_t shadow_stack = 0;
    __asm__ volatile("rdsspq %0" : "+r"(shadow_stack));
    return shadow_stack == 0;
}

static __attribute__((noinline)) void *call_as(const void *from, void *f, const void *a, const void *b, const void *c)
{
    void *result;
    __asm__ volatile("mov %%rsp, %%rbx\n\t"
                     "sub $128, %%rsp\n\t" /* red zone */
                     "and $-16, %%rsp\n\t"
                     "sub $8, %%rsp\n\t"
                     "lea 1f(%%rip), %%rax\n\t"
                     "push %%rax\n\t"
                     "push %[from]\n\t"
                     "jmp *%[f]\n"
                     "1:\tmov %%rbx, %%rsp"
                     : "=&a"(result), "+D"(a), "+S"(b), "+d"(c)
                     : [from] "r"(from), [f] "r"(f)
                     : "rbx", "rcx", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
                       "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return result;
}

#endif
