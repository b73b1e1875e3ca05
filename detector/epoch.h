/* Packing of "who accessed": an actor's slot and its epoch in one 64-bit word, and of what else is known of an access. Pure.
 *
 *   who    63........40 39.....................0        meta  31....14 13 12   11    10...8 7......0
 *          slot (24)    epoch (40)                            lockset  size  distrust kind  byte mask
 *
 * 2^40 epochs: an actor may release a million times a second for twelve days before the count would wrap; a slot that
 * gets near to the end is retired (actor_table.c). Slot 0xffffff is no actor: a `who` that is never equal to a real one. */
#ifndef GORACE_EPOCH_H
#define GORACE_EPOCH_H

#include "detector.h"

typedef uint64_t who_t;

#define EPOCH_BITS 40
#define EPOCH_MAX (((uint64_t)1 << EPOCH_BITS) - 1)
#define SLOT_MAX 0xfffffeu
#define WHO_NOBODY (~(uint64_t)0)

static inline who_t who_pack(uint32_t slot, uint64_t epoch)
{
    return (uint64_t)slot << EPOCH_BITS | epoch;
}
static inline uint32_t who_slot(who_t w)
{
    return (uint32_t)(w >> EPOCH_BITS);
}
static inline uint64_t who_epoch(who_t w)
{
    return w & EPOCH_MAX;
}

/* Of the order of locks (order.h): whose epoch is told beside a clock. epoch 0: nobody's. */
struct teller {
    union {
        struct {
            uint32_t slot, number; /* of the actor: the latter tells those apart that had the slot, as far as 32 bits do */
        };
        uint64_t who; /* both */
    };
    uint64_t epoch;
};

/* One remembered access to (part of) an 8-byte granule. */
struct access {
    who_t who;
    uint32_t stack;
    uint32_t meta;
    uint32_t stamp; /* its number (stamp.h); 0: it has none */
};

#define META_MASK 0xffu
#define META_KIND_SHIFT 8
#define META_KIND (7u << META_KIND_SHIFT)
#define META_CLASS (3u << META_KIND_SHIFT) /* of the kind: kept in cells; what is left of it tells a free */
#define META_DISTRUST (1u << 11) /* stamp.h */
#define META_SUM 1u /* of a stamp, which has no bytes: history.h */
#define META_STANDS 2u /* the same: standing.h */
#define META_SIZE_SHIFT 12
#define META_SIZE (3u << META_SIZE_SHIFT)
#define META_LOCKS_SHIFT 14
#define LOCKSET_MAX ((1u << 18) - 2)
#define LOCKSET_LOST ((1u << 18) - 1)

static inline uint32_t meta_pack(unsigned mask, enum access_kind kind, unsigned log2size, uint32_t lockset)
{
    return mask | (uint32_t)kind << META_KIND_SHIFT | log2size << META_SIZE_SHIFT | lockset << META_LOCKS_SHIFT;
}
static inline unsigned meta_mask(uint32_t m)
{
    return m & META_MASK;
}
static inline enum access_kind meta_kind(uint32_t m)
{
    return (enum access_kind)((m & META_KIND) >> META_KIND_SHIFT);
}
static inline unsigned meta_size(uint32_t m)
{
    return 1u << (m >> META_SIZE_SHIFT & 3);
}
static inline uint32_t meta_lockset(uint32_t m)
{
    return m >> META_LOCKS_SHIFT;
}

/* The part that belongs to the stamp (stamp.h). */
static inline uint32_t stamp_meta(uint32_t m)
{
    return m & ~(META_MASK | META_CLASS | META_DISTRUST);
}

/* Bit k of COVERED_BY[kind]: an earlier access of kind k by the same epoch makes an access of `kind` redundant, because
 * whatever conflicts with the new one conflicts with the old one. */
#define KIND_BIT(k) (1u << (k))
#define WRITES (KIND_BIT(ACCESS_WRITE) | KIND_BIT(ACCESS_FREE))
static inline unsigned kind_covered_by(enum access_kind kind)
{
    switch (kind) {
    case ACCESS_READ:
        return WRITES | KIND_BIT(ACCESS_READ);
    case ACCESS_WRITE:
        return WRITES;
    case ACCESS_ATOMIC_READ:
        return WRITES | KIND_BIT(ACCESS_READ) | KIND_BIT(ACCESS_ATOMIC_READ) | KIND_BIT(ACCESS_ATOMIC_WRITE);
    case ACCESS_ATOMIC_WRITE:
        return WRITES | KIND_BIT(ACCESS_ATOMIC_WRITE);
    case ACCESS_FREE:
        return WRITES;
    }
    return 0;
}

/* Kinds that race with `kind` when unordered: one of the two writes, and not both are atomic. A free is a write. */
static inline unsigned kind_conflicts(enum access_kind kind)
{
    switch (kind) {
    case ACCESS_READ:
        return WRITES | KIND_BIT(ACCESS_ATOMIC_WRITE);
    case ACCESS_ATOMIC_READ:
        return WRITES;
    case ACCESS_ATOMIC_WRITE:
        return WRITES | KIND_BIT(ACCESS_READ);
    case ACCESS_WRITE:
    case ACCESS_FREE:
        return WRITES | KIND_BIT(ACCESS_READ) | KIND_BIT(ACCESS_ATOMIC_READ) | KIND_BIT(ACCESS_ATOMIC_WRITE);
    }
    return 0;
}

#endif
