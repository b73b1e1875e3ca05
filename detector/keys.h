/* A set of 64-bit keys that only grows, in mapped memory. Readers take no lock; writers are one at a time.
 *
 * A table is never changed in place but for slots that go from 0 to a key, and when it is half full its keys go to one of
 * twice the size, which is published after it is filled; the old one stays mapped, because a reader may still be in it
 * (all old ones together are smaller than the present one). When there is no memory to grow, keys are not kept. */
#ifndef GORACE_KEYS_H
#define GORACE_KEYS_H

#include <stdint.h>

struct keys;

/* The key as it was added, 0 when it was not. Bits of `ignored` do not tell keys apart. *set may be NULL: empty. */
uint64_t keys_find(struct keys *const *set, uint64_t key, uint64_t ignored);
/* `key` is not 0, nor is it without the bits of `ignored`, which are always the same for a set. */
void keys_add(struct keys **set, uint64_t key, uint64_t ignored);

static inline uint64_t keys_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9fb21c651e98df25u;
    return h ^ (h >> 32);
}

#endif
