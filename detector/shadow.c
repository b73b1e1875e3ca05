/* See shadow.h. `lock` guards the making of regions; entries of shadow_table are set once. */
#include "shadow.h"

#include "arena.h"

uintptr_t shadow_table[REGIONS];
static struct oslock lock;
static uint32_t regions[4096]; /* indices of shadow_table that are set, in order of making */
static uint32_t nregions;

static uintptr_t bias(uintptr_t index)
{
    return index * REGION_BYTES;
}

union granule *granule_slow(uintptr_t addr)
{
    uintptr_t i = addr >> REGION_SHIFT;
    os_lock(&lock);
    uintptr_t base = shadow_table[i];
    if (!base && nregions < sizeof regions / sizeof *regions) {
        void *p = os_reserve(REGION_ALL);
        if (p) {
            base = (uintptr_t)p - bias(i);
            regions[nregions++] = (uint32_t)i;
            __atomic_store_n(&shadow_table[i], base, __ATOMIC_RELEASE);
        }
    }
    os_unlock(&lock);
    return base ? granule_in(base, addr) : NULL;
}

#define CROWD_LEAST (1u << 20)
uint32_t collection_wanted;
static uint64_t filled, filled_crowd = CROWD_LEAST; /* granules, since the last collection */

void shadow_filled(uint32_t n)
{
    if (__atomic_add_fetch(&filled, n, __ATOMIC_RELAXED) > __atomic_load_n(&filled_crowd, __ATOMIC_RELAXED))
        __atomic_store_n(&collection_wanted, 1, __ATOMIC_RELAXED);
}

void shadow_collected(uint64_t live)
{
    filled = 0;
    filled_crowd = live > CROWD_LEAST ? live : CROWD_LEAST;
}

#define BATCH 4096
struct look {
    long map;
    uint64_t *entry; /* BATCH; NULL: no memory */
    void (*visit)(union granule *, size_t, void *);
    void *ctx;
};

static struct look look_begin(void (*visit)(union granule *, size_t, void *), void *ctx)
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
            l->visit((union granule *)lo, (size_t)(hi - lo) / sizeof(union granule), l->ctx);
        }
        from = page + pages * OS_PAGE;
    }
}

void shadow_touched(uintptr_t addr, uintptr_t size, void (*visit)(union granule *, size_t, void *), void *ctx)
{
    struct look l = look_begin(visit, ctx);
    uintptr_t end = addr + size;
    while (addr < end && !(addr >> ADDRESS_BITS)) {
        uintptr_t stop = (addr | (REGION_SIZE - 1)) + 1;
        if (stop > end)
            stop = end;
        uintptr_t base = shadow_table[addr >> REGION_SHIFT];
        if (base) {
            uintptr_t lo = base + addr / GRANULE * sizeof(union granule);
            uintptr_t hi = base + (stop + GRANULE - 1) / GRANULE * sizeof(union granule);
            touched(&l, (char *)lo, hi - lo);
        }
        addr = stop;
    }
    look_end(&l);
}

#define PAGE_GRANULES (OS_PAGE / sizeof(union granule))
#define PAGE_BYTES (PAGE_GRANULES * GRANULE) /* of the program's memory */
_Static_assert(PAGE_BYTES == 4u << BLOCK_SHIFT, "page_used");

static bool page_used(const uint8_t *blocks)
{
    uint32_t four;
    __builtin_memcpy(&four, blocks, sizeof four);
    return four != 0;
}

static bool page_empty(const union granule *g)
{
    for (size_t i = 0; i < PAGE_GRANULES; i += 8) {
        uint64_t any = 0;
        for (size_t k = i; k < i + 8; k++)
            any |= g[k].half[0] | g[k].half[1];
        if (any)
            return false;
    }
    return true;
}

/* False: nothing is there any more. */
static bool visit_group(uintptr_t base, uintptr_t addr, void (*visit)(union granule *, size_t, void *), void *ctx)
{
    bool left = false;
    for (uintptr_t end = addr + ((uintptr_t)1 << GROUP_SHIFT); addr < end; addr += PAGE_BYTES) {
        uint8_t *blocks = shadow_block(base, addr);
        if (!page_used(blocks))
            continue;
        union granule *g = granule_in(base, addr);
        if (!page_empty(g))
            visit(g, PAGE_GRANULES, ctx);
        if (page_empty(g))
            zero_bytes(blocks, 4);
        else
            left = true;
    }
    return left;
}

void shadow_all(void (*visit)(union granule *, size_t, void *), void *ctx)
{
    for (uint32_t r = 0; r < nregions; r++) {
        const uintptr_t first = (uintptr_t)regions[r] << REGION_SHIFT, base = shadow_table[regions[r]];
        for (uintptr_t addr = first; addr < first + REGION_SIZE; addr += (uintptr_t)1 << GROUP_SHIFT) {
            uint8_t *group = shadow_group(base, addr);
            if (*group && !visit_group(base, addr, visit, ctx))
                *group = 0;
        }
    }
}

void shadow_pages_reset(uint32_t shared, uint32_t was_shared)
{
    for (uint32_t r = 0; r < nregions; r++) {
        const uintptr_t first = (uintptr_t)regions[r] << REGION_SHIFT;
        union granule *words = (union granule *)shadow_page(granule_in(shadow_table[regions[r]], first), first);
        for (const union granule *end = words + REGION_PAGES / CELLS; words < end; words += 4) { /* most are 0 */
            const union granule any = {.four = words[0].four | words[1].four | words[2].four | words[3].four};
            for (unsigned i = 0; i < 4 && !granule_empty(&any); i++)
                words[i].four = in_all(was_shared) & (words[i].four == in_all(shared));
        }
    }
}

static void empty(union granule *g, size_t n)
{
    static const union granule nothing;
    for (const union granule *end = g + n; g < end; g++)
        if (lane_bits((lanes)(g->four == nothing.four)) != 15)
            granule_put(g, &nothing);
}

static void clear(union granule *w, size_t n, void *ctx)
{
    (void)ctx;
    uintptr_t lo = (uintptr_t)w, hi = (uintptr_t)(w + n);
    if (lo % OS_PAGE == 0 && hi % OS_PAGE == 0) {
        os_drop(w, hi - lo);
        return;
    }
    empty(w, n);
}

/* [addr, end) lies in one region. */
static void clear_part(uintptr_t base, uintptr_t addr, uintptr_t end)
{
    const uintptr_t block = (uintptr_t)1 << BLOCK_SHIFT;
    uint8_t *used = shadow_block(base, addr);
    while (addr < end) {
        if (addr % (8 * block) == 0 && end - addr >= 8 * block &&
            !__atomic_load_n((uint64_t *)used, __ATOMIC_RELAXED)) {
            addr += 8 * block;
            used += 8;
            continue;
        }
        const uintptr_t behind = (addr | (block - 1)) + 1, stop = behind < end ? behind : end;
        if (__atomic_load_n(used, __ATOMIC_RELAXED)) {
            if (stop - addr == block)
                __atomic_store_n(used, 0, __ATOMIC_RELAXED);
            empty(granule_in(base, addr), (stop - addr) / GRANULE);
        }
        addr = stop;
        used++;
    }
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
    for (uintptr_t next; addr < end && !(addr >> ADDRESS_BITS); addr = next) {
        const uintptr_t base = shadow_table[addr >> REGION_SHIFT];
        next = (addr | (REGION_SIZE - 1)) + 1;
        next = next < end ? next : end;
        if (base)
            clear_part(base, addr, next);
    }
}
