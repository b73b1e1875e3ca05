/* Shadow memory: address -> granule, 16 bytes for each 8-byte granule of the program's memory. Storage, and the packing of
 * cells.
 *
 *   cell   31......10 9..........8 7......0
 *          stamp      plain write  bytes
 *
 * A cell is one remembered access: its stamp (who, when, from where: stamp.h), its class and its bytes. A granule holds up
 * to four, which is its whole history unless it had to be spilled (history.h). So the bytes that an access of the current
 * epoch has seen to already are recognised by comparing cells with constants, most of the other steps need no memory but
 * the granule and a few stamps that are in the cache anyway, and all is in one cache line.
 *
 * The class is a set: `write`, and `plain` for not atomic. An access covers another of its epoch (whatever conflicts with
 * the other conflicts with it) exactly when its class contains the other's; two conflict when the classes together have
 * both members. A free is a plain write, told apart by its stamp.
 *
 * Two levels, so that no address range has to be free: a table indexed by addr >> 28 (4 MB of .bss, touched where used)
 * points to reservations made at the first access of each 256 MB region. Table entries are biased, so that the granule of
 * an address is at `shadow_table[addr >> 28] + 2 * (addr & ~7)`. Regions are never given back, pages that collections find
 * empty are.
 * Granules are changed by the owner of their page by plain stores, in pages that are shared by 16-byte compare-and-swap
 * (owner.h), over memory that no other actor can use by plain stores (mem_fresh), and while held by whoever holds them.
 *
 * Tried before: a word of 8 bytes that names an interned or private history and sums up the current epoch's part of it. A
 * first access of an epoch to a granule with a longer history, one step in nine on zstd, missed the cache once more
 * and rewrote 64 bytes: nearly twice the time and three times the memory of this. Huge pages: 0.97 of the
 * time and a tenth more memory. More of a history at a fixed place beside each granule, whose line can be asked for before the
 * granule's has come, instead of in a block: a third more memory, and no faster. */
#ifndef GORACE_SHADOW_H
#define GORACE_SHADOW_H

#include "cas16.h"
#include "detector.h"
#include "lanes.h"
#include "os.h"

#define GRANULE 8u
#define REGION_SHIFT 28
#define REGION_SIZE ((uintptr_t)1 << REGION_SHIFT)
#define ADDRESS_BITS 47
#define REGIONS ((uintptr_t)1 << (ADDRESS_BITS - REGION_SHIFT))

#define CELLS 4
union granule {
    uint32_t cell[CELLS]; /* in no order; 0: not used */
    uint64_t half[2];
    four_cells four;
} __attribute__((aligned(16)));

#define CELL_BYTES 0xffu
#define CELL_WRITE 0x100u
#define CELL_PLAIN 0x200u
#define CELL_CLASS (CELL_WRITE | CELL_PLAIN)
#define CELL_STAMP_SHIFT 10

/* The kinds are numbered so that class and bytes of a cell are those of a meta (epoch.h) but for one bit. */
static inline uint32_t cell_from_meta(uint32_t meta)
{
    _Static_assert(ACCESS_READ == 0 && ACCESS_WRITE == 1 && ACCESS_ATOMIC_READ == 2 && ACCESS_ATOMIC_WRITE == 3 &&
                       ACCESS_FREE == 5,
                   "the bits of kinds");
    return (meta & (CELL_CLASS | CELL_BYTES)) ^ CELL_PLAIN;
}
static inline uint32_t cell_of(uint32_t number, uint32_t meta)
{
    return number << CELL_STAMP_SHIFT | cell_from_meta(meta);
}
static inline uint32_t meta_from_cell(uint32_t cell)
{
    return cell_from_meta(cell);
}

/* The last cell may be a link (history.h): more of the history is elsewhere. Without a branch on whether there is a last cell,
 * which nobody can foresee. */
static inline bool cell_links(uint32_t last)
{
    const uint32_t no_bytes = (uint32_t)((int32_t)((last & CELL_BYTES) - 1) >> 31);
    return last & no_bytes;
}
static inline bool granule_spilled(const union granule *g)
{
    return cell_links((uint32_t)(g->half[1] >> 32));
}
static inline union granule granule_load(const union granule *g)
{
    /* May be torn: what is made of it is put in place by compare-and-swap. */
    return (union granule){
        .half = {__atomic_load_n(&g->half[0], __ATOMIC_RELAXED), __atomic_load_n(&g->half[1], __ATOMIC_ACQUIRE)}};
}
/* For the current epoch's cells only, which nobody but their actor takes away: torn or not, it has them. */
static inline four_cells granule_fours(const union granule *g)
{
    return *(const volatile four_cells *)&g->four;
}
static inline bool granule_replace(union granule *g, const union granule *from, const union granule *to)
{
    return cas16(g->half, from->half, to->half);
}
/* Of a granule that the caller holds. By one store: the fast path's load, which takes all cells at once, would wait for two
 * to get to the cache. */
static inline void granule_put(union granule *g, const union granule *to)
{
    *(volatile four_cells *)&g->four = to->four;
}
static inline bool granule_empty(const union granule *g)
{
    return !(g->half[0] | g->half[1]);
}
static inline bool granule_same(const union granule *a, const union granule *b)
{
    return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

extern HIDDEN uintptr_t shadow_table[REGIONS]; /* biased byte addresses; 0: not there yet */

/* The granule of `addr`, whose region is made when needed; NULL outside of user memory or when there is no memory. */
union granule *granule_slow(uintptr_t addr);

/* The entry of `addr`; 0: there is no region, or it is outside of user memory. */
static inline uintptr_t region_base(uintptr_t addr)
{
    const uintptr_t region = addr >> REGION_SHIFT;
    return likely(region < REGIONS) ? __atomic_load_n(&shadow_table[region], __ATOMIC_RELAXED) : 0;
}

/* A byte for every 512 bytes of the program's memory: 0 as long as none of their granules has had a history since they were
 * last cleared. It lies behind the region's granules and one that stays empty, at which access_fast may look. So what was
 * never touched, as nearly all of a goroutine's stack, costs nothing to clear, and collections look at nothing else.
 * Behind these bytes is one for every 2 MB that is 0 as long as all of its blocks' are. */
#define BLOCK_SHIFT 9
#define GROUP_SHIFT 21
#define BLOCKS (REGION_SIZE >> BLOCK_SHIFT)
#define GROUPS (REGION_SIZE >> GROUP_SHIFT)
#define REGION_BYTES (REGION_SIZE / GRANULE * sizeof(union granule))

/* What lies behind a region's granules: one that stays empty, the bytes of blocks and groups, and for every 4 kB of the program's
 * memory a word that tells who owns the page, and one that tells since when (owner.h). */
#define PAGE_SHIFT 12
#define REGION_PAGES (REGION_SIZE >> PAGE_SHIFT)
#define PAGES_AT (REGION_BYTES + sizeof(union granule) + BLOCKS + GROUPS)
#define REGION_ALL (PAGES_AT + 2 * REGION_PAGES * sizeof(uint32_t))
_Static_assert(PAGES_AT % sizeof(union granule) == 0, "words, also read four at a time");
/* g: the granule of `addr`. */
static inline uint32_t *shadow_page(const union granule *g, uintptr_t addr)
{
    const uintptr_t at = addr & (REGION_SIZE - GRANULE);
    return (uint32_t *)((uintptr_t)g - at / GRANULE * sizeof(union granule) + PAGES_AT) + (at >> PAGE_SHIFT);
}
/* page: as shadow_page has it. */
static inline uint32_t *shadow_page_since(uint32_t *page)
{
    return page + REGION_PAGES;
}
/* All pages are nobody's: the words of those with `shared` become `was_shared`, and all others 0; with the world stopped. */
void shadow_pages_reset(uint32_t shared, uint32_t was_shared);

static inline uint8_t *shadow_block(uintptr_t base, uintptr_t addr)
{
    return (uint8_t *)(base + ((addr >> REGION_SHIFT) + 1) * REGION_BYTES + sizeof(union granule) +
                       ((addr & (REGION_SIZE - 1)) >> BLOCK_SHIFT));
}
static inline uint8_t *shadow_group(uintptr_t base, uintptr_t addr)
{
    return shadow_block(base, addr & ~(REGION_SIZE - 1)) + BLOCKS + ((addr & (REGION_SIZE - 1)) >> GROUP_SHIFT);
}
/* Told by who gives a granule that had none a history; its region is there. */
static inline void shadow_used(uintptr_t addr)
{
    const uintptr_t base = region_base(addr);
    uint8_t *used = shadow_block(base, addr);
    if (__atomic_load_n(used, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(used, 1, __ATOMIC_RELAXED);
    __atomic_store_n(shadow_group(base, addr), 1, __ATOMIC_RELAXED);
}

/* base: the entry of the address, which is not 0. */
static inline union granule *granule_in(uintptr_t base, uintptr_t addr)
{
    return (union granule *)((base + addr * (sizeof(union granule) / GRANULE)) & ~(sizeof(union granule) - 1));
}

static inline union granule *granule_at(uintptr_t addr)
{
    if (unlikely(addr >> ADDRESS_BITS))
        return NULL;
    uintptr_t base = __atomic_load_n(&shadow_table[addr >> REGION_SHIFT], __ATOMIC_RELAXED);
    return likely(base) ? granule_in(base, addr) : granule_slow(addr);
}

/* Set when a collection is worth its price: read by every step, set by whoever makes something. Tests set it, too. */
extern HIDDEN uint32_t collection_wanted;
/* An actor tells now and then how many empty granules it has filled. */
void shadow_filled(uint32_t n);
/* After a collection that left `live` granules with a history. */
void shadow_collected(uint64_t live);

/* All granules that are wholly inside [addr, addr+size) become empty; pages never touched stay untouched. */
void shadow_clear(uintptr_t addr, uintptr_t size);
/* Calls visit(granules, how many, ctx) for every touched stretch of shadow that covers [addr, addr+size). */
void shadow_touched(uintptr_t addr, uintptr_t size, void (*visit)(union granule *, size_t, void *), void *ctx);
/* The same for all granules that have a history, by pages; with the world stopped. */
void shadow_all(void (*visit)(union granule *, size_t, void *), void *ctx);

#endif
