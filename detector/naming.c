/* See naming.h. Chains by address under one lock, which only naming, forgetting and reports take; actors take it inside of
 * the core, so that no signal handler finds it held by its own thread. */
#include "naming.h"

#include "actor.h"
#include "arena.h"
#include "os.h"

#define CHAINS 1024
#define LINE_SHIFT 6 /* names of one line of the cache are in one chain: a range is a few chains */

struct name {
    struct name *next; /* chain, or free list */
    uintptr_t addr;
    char text[NAMING_BYTES];
};

uint32_t naming_some;
static struct oslock lock;
static struct name *chains[CHAINS];
static struct name *unused;

static struct name **chain_of(uintptr_t addr)
{
    return &chains[((addr >> LINE_SHIFT) * 0x9e3779b97f4a7c15u) >> 54];
}

static void drop_one(struct name **at)
{
    struct name *n = *at;
    *at = n->next;
    n->next = unused;
    unused = n;
}

/* The link that leads to the name of addr, or to NULL. */
static struct name **find(uintptr_t addr)
{
    struct name **at = chain_of(addr);
    while (*at && (*at)->addr != addr)
        at = &(*at)->next;
    return at;
}

static struct name *new_name(void)
{
    struct name *n = unused;
    if (!n)
        return arena_alloc(sizeof *n);
    unused = n->next;
    return n;
}

static void copy_name(char to[NAMING_BYTES], const char *from)
{
    int n = 0;
    for (; from[n] && n < NAMING_BYTES - 1; n++)
        to[n] = from[n];
    to[n] = 0;
}

void naming_give(struct actor *a, uintptr_t addr, const char *text)
{
    if (!actor_enter(a))
        return;
    os_lock(&lock);
    struct name **at = find(addr);
    if (!text || !*text) {
        if (*at)
            drop_one(at);
    } else {
        struct name *n = *at ? *at : new_name();
        if (n && !*at) {
            n->addr = addr;
            n->next = NULL;
            *at = n;
        }
        if (n)
            copy_name(n->text, text);
        __atomic_store_n(&naming_some, 1, __ATOMIC_RELAXED);
    }
    os_unlock(&lock);
    actor_leave(a);
}

const char *naming_find(uintptr_t addr, char to[NAMING_BYTES])
{
    if (!__atomic_load_n(&naming_some, __ATOMIC_RELAXED))
        return NULL;
    os_lock(&lock);
    struct name *n = *find(addr);
    if (n)
        copy_name(to, n->text);
    os_unlock(&lock);
    return n ? to : NULL;
}

static void drop_in_chain(struct name **at, uintptr_t addr, size_t size)
{
    while (*at)
        if ((*at)->addr - addr < size)
            drop_one(at);
        else
            at = &(*at)->next;
}

void naming_drop(uintptr_t addr, size_t size)
{
    const uintptr_t line = (uintptr_t)1 << LINE_SHIFT;
    os_lock(&lock);
    if (size / line > CHAINS) {
        for (int i = 0; i < CHAINS; i++)
            drop_in_chain(&chains[i], addr, size);
    } else {
        for (uintptr_t l = addr & ~(line - 1); l < addr + size; l += line)
            drop_in_chain(chain_of(l), addr, size);
    }
    os_unlock(&lock);
}
