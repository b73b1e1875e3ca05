/* The stack pointer that a longjmp to `env` will restore. glibc keeps it as the seventh word of the buffer, exclusive-
 * ored with the thread's pointer guard (at 0x30 of the thread control block) and rotated left by 17 bits. */
#ifndef GORACE_LONGJMP_H
#define GORACE_LONGJMP_H

#include <setjmp.h>
#include <stdint.h>

static inline uintptr_t longjmp_sp(const struct __jmp_buf_tag *env)
{
    uintptr_t sp = (uintptr_t)env->__jmpbuf[6];
    __asm__("ror $0x11, %0\n\txor %%fs:0x30, %0" : "+r"(sp) : : "cc");
    return sp;
}

#endif
