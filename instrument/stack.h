/* The calling context of code that keeps none. */
#ifndef GORACE_INSTRUMENT_STACK_H
#define GORACE_INSTRUMENT_STACK_H

#include "../detector/detector.h"

/* Of the frame whose next instruction is at `pc`, the return address of a call of added code, with its registers, rsp as it is behind
 * that call: the context of its function, as of those that have the hooks. */
uint32_t stack_context(struct actor *a, uintptr_t pc, uintptr_t rsp, uintptr_t rbp);

#endif
