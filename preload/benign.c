/* See benign.h. An append-only list in blocks; entries are complete before `used` says so. */
#include "benign.h"

#include "../detector/arena.h"

#define PER_BLOCK 254
struct block {
    struct block *next;
    uint32_t used; /* atomic */
    struct {
        uintptr_t addr;
        size_t size;
    } range[PER_BLOCK];
};
static struct block *first; /* atomic */
static struct oslock lock;

void benign_add(uintptr_t addr, size_t size)
{
    os_lock(&lock);
    struct block *b = first;
    if (!b || b->used == PER_BLOCK) {
        b = arena_alloc(sizeof *b);
        if (b) {
            b->next = first;
            b->used = 0;
            __atomic_store_n(&first, b, __ATOMIC_RELEASE);
        }
    }
    if (b) {
        b->range[b->used].addr = addr;
        b->range[b->used].size = size;
        __atomic_store_n(&b->used, b->used + 1, __ATOMIC_RELEASE);
    }
    os_unlock(&lock);
}

bool benign_has(uintptr_t addr, size_t size)
{
    for (struct block *b = __atomic_load_n(&first, __ATOMIC_ACQUIRE); b; b = b->next) {
        uint32_t n = __atomic_load_n(&b->used, __ATOMIC_ACQUIRE);
        for (uint32_t i = 0; i < n; i++)
            if (addr < b->range[i].addr + b->range[i].size && b->range[i].addr < addr + size)
                return true;
    }
    return false;
}
