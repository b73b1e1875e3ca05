/* Size-class depots over mmap chunks; see arena.h. Each class has its own lock, which guards its list and chunk. */
#include "arena.h"

#define CHUNK ((size_t)256 << 10)

static struct depot {
    struct oslock lock;
    void *first;
    char *at, *end; /* the chunk being cut */
} depots[ARENA_CLASSES];

#define DROPPED ((size_t)1 << 20) /* what is larger is given back to the kernel: tables that a larger one has replaced */

#define FINE 1024 /* bytes up to which there is a class for each multiple of 8 */

static int class_of(size_t size)
{
    if (size <= FINE)
        return (int)((size + 7) / 8) - (size > 0);
    return FINE / 8 + 64 - __builtin_clzl(size - 1) - 11;
}

static size_t step_of(int class)
{
    return class < FINE / 8 ? ((size_t)class + 1) * 8 : (size_t)2 * FINE << (class - FINE / 8);
}

void *arena_alloc(size_t size)
{
    int c = class_of(size);
    if (c >= ARENA_CLASSES)
        return NULL;
    size_t step = step_of(c);
    struct depot *d = &depots[c];
    os_lock(&d->lock);
    void *b = d->first;
    if (b) {
        d->first = *(void **)b;
    } else if (step >= CHUNK) {
        b = os_reserve(step);
    } else {
        if ((size_t)(d->end - d->at) < step) {
            char *chunk = os_reserve(CHUNK);
            d->at = chunk;
            d->end = chunk ? chunk + CHUNK : NULL;
        }
        if (d->at) {
            b = d->at;
            d->at += step;
        }
    }
    os_unlock(&d->lock);
    return b;
}

void arena_free(void *p, size_t size)
{
    struct depot *d = &depots[class_of(size)];
    if (unlikely(size > DROPPED))
        os_drop((char *)p + OS_PAGE, step_of(class_of(size)) - OS_PAGE);
    os_lock(&d->lock);
    *(void **)p = d->first;
    d->first = p;
    os_unlock(&d->lock);
}

void *arena_grow(void *p, size_t size, size_t to)
{
    void *bigger = arena_alloc(to);
    if (bigger && p) {
        copy_bytes(bigger, p, size);
        arena_free(p, size);
    }
    return bigger;
}

void pool_drain(struct pool *p, size_t size)
{
    while (p->first) {
        void *b = p->first;
        p->first = *(void **)b;
        arena_free(b, size);
    }
    p->n = 0;
}
