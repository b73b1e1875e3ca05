/* See shadow.h. `lock` guards the making of regions; entries of shadow_table are set once. */
#include "shadow.h"

#include "arena.h"

uintptr_t shadow_table[REGIONS];
static struct oslock lock;
static uint32_t regions[4096]; /* indices of shadow_table that are set, in order of making */
static uint32_t nregions;
#define REGION_BYTES (REGION_WORDS * sizeof(shadow_word))

static uintptr_t bias(uintptr_t index)
{
    return index * REGION_WORDS * sizeof(shadow_word);
}

shadow_word *shadow_word_slow(uintptr_t addr)
{
    uintptr_t i = addr >> REGION_SHIFT;
    os_lock(&lock);
    uintptr_t base = shadow_table[i];
    if (!base && nregions < sizeof regions / sizeof *regions) {
        void *p = os_reserve(REGION_BYTES);
        if (p) {
            base = (uintptr_t)p - bias(i);
            regions[nregions++] = (uint32_t)i;
            __atomic_store_n(&shadow_table[i], base, __ATOMIC_RELEASE);
        }
    }
    os_unlock(&lock);
    return base ? (shadow_word *)(base + (addr & ~(uintptr_t)(GRANULE - 1))) : NULL;
}

#define BATCH 4096
struct look {
    long map;
    uint64_t *entry; /* BATCH; NULL: no memory */
    void (*visit)(shadow_word *, size_t, void *);
    void *ctx;
};

static struct look look_begin(void (*visit)(shadow_word *, size_t, void *), void *ctx)
{
    return (struct look){os_pagemap_open(), arena_alloc(BATCH * sizeof(uint64_t)), visit, ctx};
}

static void look_end(const struct look *l)
{
    os_pagemap_close(l->map);
    if (l->entry)
        arena_free(l->entry, BATCH * sizeof(uint64_t));
}

/* [from, from+bytes) lies in one region's shadow. */
static void touched(const struct look *l, char *from, size_t bytes)
{
    char *end = from + bytes;
    while (from < end) {
        char *page = (char *)((uintptr_t)from & ~(OS_PAGE - 1));
        size_t pages = ((size_t)(end - page) + OS_PAGE - 1) / OS_PAGE;
        if (pages > BATCH)
            pages = BATCH;
        bool told = l->entry && os_touched(l->map, page, pages, l->entry);
        for (size_t i = 0; i < pages; i++) {
            if (told && !l->entry[i])
                continue;
            char *lo = page + i * OS_PAGE, *hi = lo + OS_PAGE;
            if (lo < from)
                lo = from;
            if (hi > end)
                hi = end;
            l->visit((shadow_word *)lo, (size_t)(hi - lo) / sizeof(shadow_word), l->ctx);
        }
        from = page + pages * OS_PAGE;
    }
}

void shadow_touched(uintptr_t addr, uintptr_t size, void (*visit)(shadow_word *, size_t, void *), void *ctx)
{
    struct look l = look_begin(visit, ctx);
    uintptr_t end = addr + size;
    while (addr < end && !(addr >> ADDRESS_BITS)) {
        uintptr_t stop = (addr | (REGION_SIZE - 1)) + 1;
        if (stop > end)
            stop = end;
        uintptr_t base = shadow_table[addr >> REGION_SHIFT];
        if (base) {
            uintptr_t lo = base + addr / GRANULE * sizeof(shadow_word);
            uintptr_t hi = base + (stop + GRANULE - 1) / GRANULE * sizeof(shadow_word);
            touched(&l, (char *)lo, hi - lo);
        }
        addr = stop;
    }
    look_end(&l);
}

void shadow_all(void (*visit)(shadow_word *, size_t, void *), void *ctx)
{
    struct look l = look_begin(visit, ctx);
    for (uint32_t r = 0; r < nregions; r++) {
        uintptr_t i = regions[r];
        touched(&l, (char *)(shadow_table[i] + bias(i)), REGION_BYTES);
    }
    look_end(&l);
}

static void clear(shadow_word *w, size_t n, void *ctx)
{
    (void)ctx;
    uintptr_t lo = (uintptr_t)w, hi = (uintptr_t)(w + n);
    if (lo % OS_PAGE == 0 && hi % OS_PAGE == 0)
        os_drop(w, hi - lo);
    else
        for (size_t i = 0; i < n; i++)
            __atomic_store_n(&w[i], 0, __ATOMIC_RELAXED);
}

void shadow_clear(uintptr_t addr, uintptr_t size)
{
    uintptr_t end = (addr + size) & ~(uintptr_t)(GRANULE - 1);
    addr = (addr + GRANULE - 1) & ~(uintptr_t)(GRANULE - 1);
    if (addr >= end)
        return;
    if (end - addr > (1u << 17)) {
        shadow_touched(addr, end - addr, clear, NULL);
        return;
    }
    for (; addr < end; addr += GRANULE) {
        uintptr_t base = addr >> ADDRESS_BITS ? 0 : shadow_table[addr >> REGION_SHIFT];
        if (!base)
            continue;
        shadow_word *w = (shadow_word *)(base + addr / GRANULE * sizeof(shadow_word));
        if (*w)
            __atomic_store_n(w, 0, __ATOMIC_RELAXED);
    }
}
