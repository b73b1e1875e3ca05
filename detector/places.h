/* What sync.c and lock.c have in common: objects that are found by address, in 2^bits chains. Those of one line of memory share a
 * chain, a line being a power of two of bytes that they choose, and how many there are in a page is counted, so that a block that
 * is freed or copied need not ask for every address in it; and how many in 64 kB, so that the stack of a goroutine that begins takes
 * one question. Pages share counts by hash: one that is not 0 only says that there may be some. */
#ifndef GORACE_PLACES_H
#define GORACE_PLACES_H

#include "os.h"

#define PLACES_BITS 16
#define PLACES_PAGES ((size_t)1 << PLACES_BITS)
#define PLACES_GROUP ((uint64_t)16 * OS_PAGE)

/* Objects by page, and behind them by group; atomic. NULL: no memory. */
static inline uint32_t *places_new(void)
{
    return os_reserve(2 * PLACES_PAGES * sizeof(uint32_t));
}

static inline uint32_t *places_page(uint32_t *pages, uint64_t key)
{
    return &pages[key / OS_PAGE * 0x9e3779b97f4a7c15u >> (64 - PLACES_BITS)];
}
static inline uint32_t *places_group(uint32_t *pages, uint64_t key)
{
    return &pages[PLACES_PAGES + (key / PLACES_GROUP * 0x9e3779b97f4a7c15u >> (64 - PLACES_BITS))];
}

/* An object more at `key`, or one less. */
static inline void places_count(uint32_t *pages, uint64_t key, int32_t more)
{
    __atomic_fetch_add(places_group(pages, key), (uint32_t)more, __ATOMIC_RELAXED);
    __atomic_fetch_add(places_page(pages, key), (uint32_t)more, __ATOMIC_RELAXED);
}

static inline bool places_maybe(uint32_t *pages, uint64_t key)
{
    return __atomic_load_n(places_page(pages, key), __ATOMIC_ACQUIRE) != 0;
}

/* Neighbouring lines have neighbouring chains, so that the chains of a table of locks share cache lines as these do. */
static inline uint32_t places_chain(uint64_t key, uint64_t line, unsigned bits)
{
    const uint32_t page = (uint32_t)(key / OS_PAGE * 0x9e3779b97f4a7c15u >> (64 - bits));
    return (page + (uint32_t)(key % OS_PAGE / line)) & ((1u << bits) - 1);
}

/* Calls visit for the chains in which objects of [addr, addr + size) may be; some may be visited twice. */
static inline void places_visit(uint32_t *pages, uint64_t line, unsigned bits, uint64_t addr, size_t size,
                                void (*visit)(uint32_t chain, void *ctx), void *ctx)
{
    const uint64_t end = addr + size;
    if (size / OS_PAGE >> bits) { /* fewer chains than pages to ask for */
        for (uint32_t chain = 0; chain >> bits == 0; chain++)
            visit(chain, ctx);
        return;
    }
    for (uint64_t page = addr & ~(uint64_t)(OS_PAGE - 1), next; page < end; page = next) {
        next = (page | (PLACES_GROUP - 1)) + 1;
        if (__atomic_load_n(places_group(pages, page), __ATOMIC_ACQUIRE) == 0)
            continue;
        next = page + OS_PAGE;
        if (!places_maybe(pages, page))
            continue;
        const uint64_t lo = page > addr ? page : addr, hi = next < end ? next : end;
        for (uint64_t at = lo & ~(line - 1); at < hi; at += line)
            visit(places_chain(at, line, bits), ctx);
    }
}

#endif
