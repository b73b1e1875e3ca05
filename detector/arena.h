/* Memory of the core: fixed-size blocks from mmap, by size class; never malloc.
 *
 * A `struct pool` is a small private stock of blocks of one class, owned by one actor, so that the common path takes no
 * lock; the depot behind it is shared. Blocks never go back to the kernel, only to the depot; of large ones the memory
 * does. */
#ifndef GORACE_ARENA_H
#define GORACE_ARENA_H

#include "os.h"

/* Classes: multiples of 8 bytes up to 1024, then 2048, 4096 ... */
#define ARENA_CLASSES (128 + 20)

void *arena_alloc(size_t size); /* NULL when there is no memory; not cleared */
void arena_free(void *p, size_t size);
/* A block of `to` bytes that begins with the `size` bytes of p, which is given back. NULL, and p stays, when there is no
 * memory. p may be NULL: then size is 0. */
void *arena_grow(void *p, size_t size, size_t to);

struct pool {
    void *first; /* linked through the first word */
    unsigned n;
};

static inline void *pool_get(struct pool *p, size_t size)
{
    void *b = p->first;
    if (likely(b != NULL)) {
        p->first = *(void **)b;
        p->n--;
        return b;
    }
    return arena_alloc(size);
}

static inline void pool_put(struct pool *p, void *b, size_t size)
{
    if (unlikely(p->n >= 64)) {
        arena_free(b, size);
        return;
    }
    *(void **)b = p->first;
    p->first = b;
    p->n++;
}

void pool_drain(struct pool *p, size_t size);

#endif
