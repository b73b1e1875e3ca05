/* Names that the program gives to its locks (GORACE_NAME_LOCK), for reports. A name lasts until the lock is destroyed or
 * initialised anew, or its memory is freed. */
#ifndef GORACE_NAMING_H
#define GORACE_NAMING_H

#include "locks.h"

#define NAMING_BYTES 64 /* of a name, with its final zero; longer ones are cut off */

/* Copies the name to `to` and returns that; NULL: it has none. */
const char *naming_find(uintptr_t addr, char to[NAMING_BYTES]);

extern uint32_t naming_some; /* atomic: whether there has been any name; most programs give none */
void naming_drop(uintptr_t addr, size_t size);
/* All in [addr, addr + size) lose theirs. Inside of the core. */
static inline void naming_forget(uintptr_t addr, size_t size)
{
    if (__builtin_expect(__atomic_load_n(&naming_some, __ATOMIC_RELAXED) != 0, 0))
        naming_drop(addr, size);
}

#endif
