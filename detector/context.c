/* See context.h. */
#include "context.h"

static struct context_node *nodes;
static uint32_t used = 1; /* atomic */
static uint32_t *heads;   /* node numbers; a chain only grows at its head, except in context_rehash */
static uint32_t heads_mask;

#define HEADS_FIRST (1u << 15)

bool context_start(void)
{
    nodes = os_reserve((CONTEXT_MAX + (size_t)1) * sizeof *nodes);
    heads = os_reserve(HEADS_FIRST * sizeof *heads);
    heads_mask = HEADS_FIRST - 1;
    return nodes && heads;
}

static uint32_t nodes_made(void)
{
    return __atomic_load_n(&used, __ATOMIC_RELAXED);
}

static uint32_t bucket(uint32_t parent, uintptr_t pc)
{
    uint64_t h = (pc ^ ((uint64_t)parent << 32 | parent)) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32) & heads_mask;
}

static uint32_t find(uint32_t from, uint32_t until, uint32_t parent, uintptr_t pc)
{
    for (uint32_t n = from; n != until; n = nodes[n].next)
        if (nodes[n].pc == pc && nodes[n].parent == parent)
            return n;
    return 0;
}

/* The nearest node on the path that was entered from `pc`, or 0. */
static uint32_t ancestor(uint32_t node, uintptr_t pc)
{
    for (int depth = 0; node && depth < 4096; node = nodes[node].parent, depth++)
        if (nodes[node].pc == pc)
            return node;
    return 0;
}

uint32_t context_child(uint32_t parent, uintptr_t pc, uint64_t *folded, uint64_t *lost)
{
    uint32_t *head = &heads[bucket(parent, pc)];
    uint32_t first = __atomic_load_n(head, __ATOMIC_ACQUIRE);
    uint32_t n = find(first, 0, parent, pc);
    if (likely(n != 0))
        return n;

    uint32_t count = nodes_made();
    if (unlikely(count >= CONTEXT_EXACT)) {
        n = ancestor(parent, pc);
        if (n) {
            if (folded)
                ++*folded;
            return n;
        }
        if (count >= CONTEXT_MAX - 4096) {
            if (lost)
                ++*lost;
            return parent;
        }
    }
    n = __atomic_fetch_add(&used, 1, __ATOMIC_RELAXED);
    nodes[n] = (struct context_node){pc, parent, first};
    for (;;) {
        uint32_t seen = first;
        if (__atomic_compare_exchange_n(head, &first, n, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return n;
        /* Somebody was faster: perhaps with the same child, and then ours stays unused. */
        uint32_t twin = find(first, seen, parent, pc);
        if (twin)
            return twin;
        nodes[n].next = first;
    }
}

void context_rehash(void)
{
    uint32_t count = nodes_made();
    size_t size = (size_t)heads_mask + 1;
    if (count < 2 * size)
        return;
    size_t bigger = size;
    while (count > bigger)
        bigger *= 2;
    uint32_t *table = os_reserve(bigger * sizeof *table);
    if (!table)
        return;
    os_unmap(heads, size * sizeof *heads);
    heads = table;
    heads_mask = (uint32_t)(bigger - 1);
    for (uint32_t n = 1; n < count; n++) {
        uint32_t *head = &heads[bucket(nodes[n].parent, nodes[n].pc)];
        nodes[n].next = *head;
        *head = n;
    }
}

static uintptr_t (*original)(uintptr_t pc);

void context_copies(uintptr_t (*f)(uintptr_t pc))
{
    original = f;
}

int context_pcs(uint32_t stack, uintptr_t *pcs, int max)
{
    int n = 0;
    for (; stack && n < max; stack = nodes[stack].parent)
        pcs[n++] = original ? original(nodes[stack].pc) : nodes[stack].pc;
    return n;
}
