/* See shadow.h. `lock` guards the making of regions; entries of shadow_table are set once. */
#include "shadow.h"

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

/* [from, from+bytes) lies in one region's shadow. */
static void touched(char *from, size_t bytes, void (*visit)(shadow_word *, size_t, void *), void *ctx)
{
    bool known[OS_TOUCHED_MAX];
    char *end = from + bytes;
    while (from < end) {
        char *page = (char *)((uintptr_t)from & ~(OS_PAGE - 1));
        size_t pages = ((size_t)(end - page) + OS_PAGE - 1) / OS_PAGE;
        if (pages > OS_TOUCHED_MAX)
            pages = OS_TOUCHED_MAX;
        bool told = os_touched(page, pages, known);
        for (size_t i = 0; i < pages; i++) {
            if (told && !known[i])
                continue;
            char *lo = page + i * OS_PAGE, *hi = lo + OS_PAGE;
            if (lo < from)
                lo = from;
            if (hi > end)
                hi = end;
            visit((shadow_word *)lo, (size_t)(hi - lo) / sizeof(shadow_word), ctx);
        }
        from = page + pages * OS_PAGE;
    }
}

void shadow_touched(uintptr_t addr, uintptr_t size, void (*visit)(shadow_word *, size_t, void *), void *ctx)
{
    uintptr_t end = addr + size;
    while (addr < end && !(addr >> ADDRESS_BITS)) {
        uintptr_t stop = (addr | (REGION_SIZE - 1)) + 1;
        if (stop > end)
            stop = end;
        uintptr_t base = shadow_table[addr >> REGION_SHIFT];
        if (base) {
            uintptr_t lo = base + addr / GRANULE * sizeof(shadow_word);
            uintptr_t hi = base + (stop + GRANULE - 1) / GRANULE * sizeof(shadow_word);
            touched((char *)lo, hi - lo, visit, ctx);
        }
        addr = stop;
    }
}

void shadow_all(void (*visit)(shadow_word *, size_t, void *), void *ctx)
{
    for (uint32_t r = 0; r < nregions; r++) {
        uintptr_t i = regions[r];
        touched((char *)(shadow_table[i] + bias(i)), REGION_BYTES, visit, ctx);
    }
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
