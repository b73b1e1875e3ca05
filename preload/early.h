/* The private heap: for allocations before the real allocator is known, and for all that the detector itself causes
 * (dlsym's buffers, libdw's tables) while `current_inside` is set.
 *
 * A block is known by its address for ever, so it can be freed or reallocated by anybody, at any time. */
#ifndef GORACE_EARLY_H
#define GORACE_EARLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern uintptr_t early_base; /* both 0 until the first allocation, then they never change; the span is set last */
extern size_t early_span;

static inline bool early_owns(const void *p)
{
    return (uintptr_t)p - __atomic_load_n(&early_base, __ATOMIC_RELAXED) <
           __atomic_load_n(&early_span, __ATOMIC_RELAXED);
}

size_t early_used(void); /* of the span, from its base on */
/* `align` is a power of two; 16 serves malloc. NULL when there is no memory. Not cleared. */
void *early_alloc(size_t size, size_t align);
void *early_zalloc(size_t size);
void *early_realloc(void *p, size_t size); /* `p` NULL or owned */
void early_free(void *p);
size_t early_size(const void *p);

#endif
