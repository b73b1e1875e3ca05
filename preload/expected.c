/* See expected.h. A list that only grows at its head; an entry is complete before it is in the list. */
#include "expected.h"

#include "../detector/arena.h"

#define TEXT_BYTES 128

struct expectation {
    struct expectation *next;
    uintptr_t addr;
    size_t size;
    uint64_t hits;         /* atomic */
    char text[TEXT_BYTES]; /* cut off, if longer */
};
static struct expectation *first; /* atomic */

void expected_add(uintptr_t addr, size_t size, const char *text)
{
    struct expectation *e = arena_alloc(sizeof *e);
    if (!e)
        return;
    e->addr = addr;
    e->size = size;
    e->hits = 0;
    size_t n = 0;
    for (; text && text[n] && n < TEXT_BYTES - 1; n++)
        e->text[n] = text[n];
    e->text[n] = 0;
    e->next = __atomic_load_n(&first, __ATOMIC_RELAXED);
    /* Pairs with the acquire of those who walk. */
    while (!__atomic_compare_exchange_n(&first, &e->next, e, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
}

bool expected_met(uintptr_t addr, size_t size)
{
    bool met = false;
    for (struct expectation *e = __atomic_load_n(&first, __ATOMIC_ACQUIRE); e; e = e->next)
        if (addr < e->addr + e->size && e->addr < addr + size) {
            __atomic_fetch_add(&e->hits, 1, __ATOMIC_RELAXED);
            met = true;
        }
    return met;
}

uint64_t expected_count(uintptr_t addr)
{
    uint64_t n = 0;
    for (struct expectation *e = __atomic_load_n(&first, __ATOMIC_ACQUIRE); e; e = e->next)
        if (e->addr == addr)
            n += __atomic_load_n(&e->hits, __ATOMIC_RELAXED);
    return n;
}

bool expected_any(void)
{
    return __atomic_load_n(&first, __ATOMIC_ACQUIRE) != NULL;
}

int expected_missed(struct outbuf *o)
{
    int n = 0;
    for (struct expectation *e = __atomic_load_n(&first, __ATOMIC_ACQUIRE); e; e = e->next) {
        if (__atomic_load_n(&e->hits, __ATOMIC_RELAXED))
            continue;
        outbuf_format(o, "gorace: no race on the %zu bytes at 0x%lx, where one was expected: ", e->size, e->addr);
        outbuf_name(o, e->text);
        outbuf_char(o, '\n');
        n++;
    }
    return n;
}

void expected_forked(void)
{
    __atomic_store_n(&first, NULL, __ATOMIC_RELAXED);
}
