/* For left.c: the blocks of the heap. heap.c */
#ifndef GORACE_LEFT_H
#define GORACE_LEFT_H

#include <stddef.h>
#include <stdint.h>

/* Calls visit for every block that is alive; it must not touch the heap's table. */
void heap_each(void (*visit)(void *ctx, uintptr_t addr, size_t size), void *ctx);

#endif
