/* ABA: a lock-free stack of nodes compares its top by number alone. Who pops reads top and the one below; meanwhile
 * another one pops both and pushes the first again: the top is the same, the one below is in use. Fixed: the top
 * carries a count of changes. */
#include "kernel.h"

enum { NODES = 3, NONE = -1 };

static int64_t top; /* (changes << 8 | node) in the fixed one; node + 1, so that 0 is none */
static int below[NODES], used[NODES];

static int64_t changed(int64_t from, int node)
{
#ifdef FIXED
    return ((from >> 8) + 1) << 8 | (node + 1);
#else
    (void)from;
    return node + 1;
#endif
}

static int node_of(int64_t value)
{
    return (int)(value & 255) - 1;
}

static int pop(void)
{
    for (;;) {
        int64_t seen = goro_atomic_load(&top);
        int node = node_of(seen);
        if (node == NONE)
            return NONE;
        int next = goro_atomic_load(&below[node]);
        if (goro_atomic_cas(&top, seen, changed(seen, next))) {
            check(goro_atomic_swap(&used[node], 1) == 0, "one node was given to two");
            return node;
        }
    }
}

static void push(int node)
{
    for (;;) {
        int64_t seen = goro_atomic_load(&top);
        goro_atomic_store(&below[node], node_of(seen));
        if (goro_atomic_load(&used[node])) /* ours: nobody else writes it now */
            goro_atomic_store(&used[node], 0);
        if (goro_atomic_cas(&top, seen, changed(seen, node)))
            return;
    }
}

static void pop_one(void)
{
    pop();
}

static void pop_two_push_one(void)
{
    int first = pop();
    pop();
    if (first != NONE)
        push(first);
}

static void kernel(void)
{
    for (int i = 0; i < NODES; i++) {
        used[i] = 1;
        goro_atomic_store(&below[i], node_of(top));
        used[i] = 0;
        top = changed(top, i);
    }
    TOGETHER(pop_one, pop_two_push_one);
    while (pop() != NONE)
        continue;
}
