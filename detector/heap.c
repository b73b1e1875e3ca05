/* See heap.h. A hash table of chains, a lock a chain. Beside it a chain keeps the block that left it last: a race with a
 * free is described after the block was taken out. It is kept by its address, as collections look at all of the table. Blocks of one page
 * have neighbouring chains: by chance a thousand of them would begin nearly every page of the table. */
#include "heap.h"

#include "left.h"
#include "places.h"

#define CHAIN_BITS 16
#define CHAINS (1u << CHAIN_BITS)

static struct chain {
    struct oslock lock;
    struct block *first;
    struct block *freed; /* NULL: none yet */
} *chains;
static uint64_t lost;

bool heap_start(void)
{
    chains = os_reserve(CHAINS * sizeof *chains);
    return chains != NULL;
}

static struct chain *chain_of(uintptr_t addr)
{
    return &chains[places_chain(addr, 16, CHAIN_BITS)];
}

void heap_remember(struct actor *a, uintptr_t addr, size_t size, uint32_t stack)
{
    struct block *b = pool_get(&a->stocks->blocks, sizeof *b);
    if (!b) {
        __atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
        return;
    }
    struct chain *c = chain_of(addr);
    os_lock(&c->lock);
    *b = (struct block){c->first, addr, size, stack, a->who};
    c->first = b;
    os_unlock(&c->lock);
}

bool heap_take(struct actor *a, uintptr_t addr, struct block *out)
{
    struct chain *c = chain_of(addr);
    os_lock(&c->lock);
    struct block **at = &c->first;
    while (*at && (*at)->addr != addr)
        at = &(*at)->next;
    struct block *b = *at;
    struct block *before = NULL;
    if (b) {
        *at = b->next;
        *out = *b;
        before = c->freed;
        c->freed = b;
    }
    os_unlock(&c->lock);
    if (before)
        pool_put(&a->stocks->blocks, before, sizeof *before);
    return b != NULL;
}

bool heap_find(uintptr_t addr, struct block *out)
{
    bool freed = false;
    for (uint32_t i = 0; i < CHAINS; i++) {
        struct chain *c = &chains[i];
        if (!__atomic_load_n(&c->first, __ATOMIC_RELAXED) && !__atomic_load_n(&c->freed, __ATOMIC_RELAXED))
            continue;
        os_lock(&c->lock);
        struct block *b = c->first;
        while (b && addr - b->addr >= b->size)
            b = b->next;
        if (b || (!freed && c->freed && addr - c->freed->addr < c->freed->size)) {
            *out = b ? *b : *c->freed;
            freed = true;
        }
        os_unlock(&c->lock);
        if (b)
            return true;
    }
    return freed;
}

void heap_mark(void)
{
    for (uint32_t i = 0; i < CHAINS; i++) {
        for (struct block *b = chains[i].first; b; b = b->next)
            actor_mark_name(b->by);
        if (chains[i].freed)
            actor_mark_name(chains[i].freed->by);
    }
}

uint64_t heap_lost(void)
{
    return lost;
}

void heap_each(void (*visit)(void *ctx, uintptr_t addr, size_t size), void *ctx)
{
    for (uint32_t i = 0; i < CHAINS; i++) {
        os_lock(&chains[i].lock);
        for (const struct block *b = chains[i].first; b; b = b->next)
            visit(ctx, b->addr, b->size);
        os_unlock(&chains[i].lock);
    }
}
