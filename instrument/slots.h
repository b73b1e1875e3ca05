/* A thread's own memory for added code: registers of the program that are put aside, and what the slow path is told. The
 * program's signal handlers leave them as they were (preload/wrap_signal.c). */
#ifndef GORACE_INSTRUMENT_SLOTS_H
#define GORACE_INSTRUMENT_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "../preload/current.h"

struct slots {
    uint64_t xmm[2][2];
    uint64_t kept[2];  /* by the copy, over a call of a thunk */
    uint64_t address;  /* of the access */
    uint64_t other[2]; /* registers that a thunk uses */
    uint64_t locked;   /* the address of the locked instruction that is being done */
    uint32_t what;     /* enum hook and more: access.h */
};
extern __thread struct slots slots TLS_IE;

/* Offset from fs of a thread-local variable of libgorace.so. */
static inline int32_t slots_offset(const void *variable)
{
    uintptr_t fs;
    __asm__("mov %%fs:0, %0" : "=r"(fs));
    return (int32_t)((uintptr_t)variable - fs);
}
#define SLOT(field) (slots_offset(&slots) + (int32_t)offsetof(struct slots, field))

#endif
