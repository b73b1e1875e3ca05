/* What is passed on the stack to a thunk: how the stack is walked from where it is called. A table by address would be another cache line to
 * wait for, with each first access of an instruction. Measured and left: in an instruction behind the call that does nothing, from where it is
 * read (1.08 of the time of `atomics`: the processor's caches of code and of data are two). */
#ifndef GORACE_INSTRUMENT_SITE_H
#define GORACE_INSTRUMENT_SITE_H

#include "../detector/unwind.h"
#include "code.h"

#define SITE_BELOW (1u << 31) /* rsp is below what is below the function's own */
#define SITE_RULE (SITE_BELOW - 1)

/* As it lies there. */
struct site {
    uintptr_t pc; /* behind the call */
    uint64_t how; /* SITE_RULE of unwind.h, SITE_BELOW */
};

static inline void site_push(struct code *c, uint32_t how)
{
    code_8(c, 0x68);
    code_32(c, how);
}

#endif
