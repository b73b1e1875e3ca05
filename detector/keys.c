/* See keys.h. */
#include "keys.h"

#include <stddef.h>

#include "os.h"

struct keys {
    size_t size; /* slots, a power of two */
    size_t n;
    uint64_t at[];
};

#define FIRST_SIZE 1024

static uint64_t *slot_of(struct keys *k, uint64_t key, uint64_t ignored)
{
    size_t i = (size_t)keys_mix(0, key & ~ignored) & (k->size - 1);
    for (;; i = (i + 1) & (k->size - 1)) {
        uint64_t there = __atomic_load_n(&k->at[i], __ATOMIC_RELAXED);
        if (there == 0 || (there & ~ignored) == (key & ~ignored))
            return &k->at[i];
    }
}

uint64_t keys_find(struct keys *const *set, uint64_t key, uint64_t ignored)
{
    struct keys *k = __atomic_load_n(set, __ATOMIC_ACQUIRE); /* pairs with the release in grow */
    return k ? __atomic_load_n(slot_of(k, key, ignored), __ATOMIC_RELAXED) : 0;
}

static struct keys *grow(struct keys **set, uint64_t ignored)
{
    struct keys *old = *set;
    size_t size = old ? old->size * 2 : FIRST_SIZE;
    struct keys *k = os_reserve(sizeof *k + size * sizeof *k->at);
    if (!k)
        return NULL;
    k->size = size;
    for (size_t i = 0; old && i < old->size; i++)
        if (old->at[i])
            *slot_of(k, old->at[i], ignored) = old->at[i];
    k->n = old ? old->n : 0;
    __atomic_store_n(set, k, __ATOMIC_RELEASE);
    return k;
}

void keys_add(struct keys **set, uint64_t key, uint64_t ignored)
{
    struct keys *k = *set;
    if ((!k || 2 * (k->n + 1) > k->size) && !(k = grow(set, ignored)))
        return;
    __atomic_store_n(slot_of(k, key, ignored), key, __ATOMIC_RELAXED);
    k->n++;
}
