/* What the wrappers of operator new, strdup and the like share with those of malloc. */
#ifndef GORACE_ALLOC_H
#define GORACE_ALLOC_H

#include "current.h"

/* Set by a wrapper round a real function that is going to allocate: the next allocation of this thread takes it as the
 * caller. So the block is attributed to the program's code, whose calling context is known for nothing, and not to the
 * inside of libc or libstdc++, where the stack would have to be unwound. Whoever takes it clears it. */
extern __thread uintptr_t alloc_pc TLS_IE;

/* Set by a wrapper that has already told of the end of this block (operator delete). */
extern __thread const void *alloc_ending TLS_IE;

/* Round a call into an allocator that is not libc's: its locks and mappings are not the program's. glibc's own calls
 * nothing that is interposed. */
struct alloc_call {
    struct inside in;
    bool marked;
};
struct alloc_call alloc_call_begin(void);
void alloc_call_end(struct alloc_call c);

#endif
