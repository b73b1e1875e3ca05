/* Where the stack and the static thread-local storage of the calling thread lie. */
#ifndef GORACE_THREAD_STACK_H
#define GORACE_THREAD_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The stack, static thread-local storage included, and whether the thread is detached. False: not known. Inside only, as libc
 * may be asked, which allocates. */
bool thread_stack_bounds(uintptr_t *lo, size_t *size, bool *detached);

/* Bytes below the thread pointer (on x86-64 the pthread_t) that static thread-local storage takes; the same in every thread.
 * Set by thread_locals_measure, before there is a second one. */
extern uintptr_t thread_locals_size;
void thread_locals_measure(void);

#endif
