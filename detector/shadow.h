/* Shadow memory: address -> shadow word (a state number, 4 bytes for each 8-byte granule). Storage only.
 *
 * Two levels, so that no address range has to be free: a table indexed by addr >> 28 (4 MB of .bss, touched where used)
 * points to 128 MB reservations made at the first access of each 256 MB region. Table entries are biased, so that the
 * word of an address is `shadow_table[addr >> 28] + (addr >> 3)`, in words. Regions are never given back.
 * Words are changed by compare-and-swap only, except over memory that no other actor can use (mem_fresh). */
#ifndef GORACE_SHADOW_H
#define GORACE_SHADOW_H

#include "os.h"

#define GRANULE 8u
#define REGION_SHIFT 28
#define REGION_SIZE ((uintptr_t)1 << REGION_SHIFT)
#define REGION_WORDS (REGION_SIZE / GRANULE)
#define ADDRESS_BITS 47
#define REGIONS ((uintptr_t)1 << (ADDRESS_BITS - REGION_SHIFT))

typedef uint32_t shadow_word;

extern HIDDEN uintptr_t shadow_table[REGIONS]; /* biased byte addresses; 0: not there yet */

/* The word of `addr`, whose region is made when needed; NULL outside of user memory or when there is no memory. */
shadow_word *shadow_word_slow(uintptr_t addr);

static inline shadow_word *shadow_word_at(uintptr_t addr)
{
    if (unlikely(addr >> ADDRESS_BITS))
        return NULL;
    uintptr_t base = __atomic_load_n(&shadow_table[addr >> REGION_SHIFT], __ATOMIC_RELAXED);
    if (unlikely(!base))
        return shadow_word_slow(addr);
    return (shadow_word *)(base + (addr / GRANULE) * sizeof(shadow_word));
}

/* The words of all granules that are wholly inside [addr, addr+size) become 0; pages never touched stay untouched. */
void shadow_clear(uintptr_t addr, uintptr_t size);
/* Calls visit(word pointer, number of words, ctx) for every touched stretch of shadow that covers [addr, addr+size). */
void shadow_touched(uintptr_t addr, uintptr_t size, void (*visit)(shadow_word *, size_t, void *), void *ctx);
/* The same for all there is. */
void shadow_all(void (*visit)(shadow_word *, size_t, void *), void *ctx);

#endif
