/* Heap blocks that are alive: address -> size, stack and actor of the allocation. */
#ifndef GORACE_HEAP_H
#define GORACE_HEAP_H

#include "actor.h"
#include "finding.h"

struct block {
    struct block *next;
    uintptr_t addr;
    size_t size;
    uint32_t stack;
    who_t by;
};

bool heap_start(void);
void heap_remember(struct actor *a, uintptr_t addr, size_t size, uint32_t stack);
/* Takes the block out; false when there is none at `addr`. */
bool heap_take(struct actor *a, uintptr_t addr, struct block *out);
/* The block that contains `addr`, or else one that did and was freed not long ago; slow, for reports. */
bool heap_find(uintptr_t addr, struct block *out);
void heap_mark(void); /* collection: the actors that allocated are still of interest */
uint64_t heap_lost(void);

#endif
