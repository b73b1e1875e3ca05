/* Shadow memory: address -> shadow word, 8 bytes for each 8-byte granule. Storage, and the packing of the word.
 *
 *   63.........36 35......16 15...........8 7...........0
 *   state (28)    tag (20)   write cover     read cover
 *
 * The state is the granule's access history (state.h). The rest is a summary for the fast path: the tag stands for one
 * epoch of one actor, the last to change the history, and the covers are the bytes on which a read, or a write, of that
 * epoch would be no news. So an access that repeats one of its own epoch - nearly all do - is recognised by one load and
 * one comparison. Tags are handed out to epochs when they first need one; when they run out, and at every collection,
 * all tags are taken back and the summaries cleared: a tag never stands for two epochs.
 *
 * Two levels, so that no address range has to be free: a table indexed by addr >> 28 (4 MB of .bss, touched where used)
 * points to 256 MB reservations made at the first access of each 256 MB region. Table entries are biased, so that the
 * word of an address is at `shadow_table[addr >> 28] + (addr & ~7)`. Regions are never given back.
 * Words are changed by compare-and-swap only, except over memory that no other actor can use (mem_fresh).
 *
 * Tried before: words of 4 bytes with the state alone. Half the memory, but the summary was then read from the state's
 * record: a second cache miss on nearly every access (measured on zstd: most of the time of the hooks). */
#ifndef GORACE_SHADOW_H
#define GORACE_SHADOW_H

#include "os.h"

#define GRANULE 8u
#define REGION_SHIFT 28
#define REGION_SIZE ((uintptr_t)1 << REGION_SHIFT)
#define REGION_WORDS (REGION_SIZE / GRANULE)
#define ADDRESS_BITS 47
#define REGIONS ((uintptr_t)1 << (ADDRESS_BITS - REGION_SHIFT))

typedef uint64_t shadow_word;

#define WORD_WRITES_SHIFT 8
#define WORD_TAG_SHIFT 16
#define WORD_STATE_SHIFT 36
#define WORD_TAG_MAX ((1u << 20) - 1)
#define WORD_TAG ((uint64_t)WORD_TAG_MAX << WORD_TAG_SHIFT)

static inline uint32_t word_state(shadow_word w)
{
    return (uint32_t)(w >> WORD_STATE_SHIFT);
}
/* `tag`: in place, as actor.tag. */
static inline shadow_word word_pack(uint32_t state, uint64_t tag, unsigned reads, unsigned writes)
{
    return (uint64_t)state << WORD_STATE_SHIFT | tag | writes << WORD_WRITES_SHIFT | reads;
}

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
    return (shadow_word *)(base + (addr & ~(uintptr_t)(GRANULE - 1)));
}

/* The words of all granules that are wholly inside [addr, addr+size) become 0; pages never touched stay untouched. */
void shadow_clear(uintptr_t addr, uintptr_t size);
/* Calls visit(word pointer, number of words, ctx) for every touched stretch of shadow that covers [addr, addr+size). */
void shadow_touched(uintptr_t addr, uintptr_t size, void (*visit)(shadow_word *, size_t, void *), void *ctx);
/* The same for all there is. */
void shadow_all(void (*visit)(shadow_word *, size_t, void *), void *ctx);

#endif
