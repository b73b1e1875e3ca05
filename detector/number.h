/* The number of an access's stamp (stamp.h), by the place it is made from: code address, calling context, lock set, and what
 * else is in a stamp but the epoch. A place keeps its entry for many epochs: the first access of an epoch from there takes the
 * next number of the reserve, and needs no more than the hash of the place for it.
 *
 * An entry has the place's last number below what it takes of a hash of all that a place is. 51 bits of it are compared, so a
 * place is mistaken for another one once in 10^15 times that two come to the same entry; races are found all the same
 * then, one stack is another one's. Numbers of lock sets mean something else after a collection: the hash is salted by it.
 *
 * Guards: entries are the actor's who has the stocks. Numbers of one stocks only grow between collections, whoever takes them: one
 * is of the actor's current epoch when it is not below the first of that. */
#ifndef GORACE_NUMBER_H
#define GORACE_NUMBER_H

#include "actor.h"

#define NUMBER_MASK (((uint64_t)1 << STAMP_FIELD) - 1)
_Static_assert(NUMBERS == 512, "index of 9 bits");

static inline uint64_t number_hash(const struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint64_t context = a->context | (uint64_t)a->lockset << 32;
    const uint64_t kind = (uint64_t)(meta & (META_SIZE | (META_KIND & ~META_CLASS))) << (62 - META_SIZE_SHIFT);
    return (context * 0xd6e8feb86659fd93u ^ a->stocks->reserve.salt ^ pc ^ kind) * 0x9e3779b97f4a7c15u;
}

static inline unsigned number_index(uint64_t hash)
{
    return (unsigned)(hash >> (STAMP_FIELD - 9)) % NUMBERS;
}

/* For an access from `pc` now, of the place that number_index(hash) has. 0: the reserve has no more. */
static inline uint32_t number_next(struct actor *a, uint64_t hash, uint32_t meta)
{
    const unsigned i = number_index(hash);
    const uint32_t number = stamp_next(&a->stocks->reserve, a->who, a->stocks->stacks[i],
                                       stamp_meta(meta | a->lockset << META_LOCKS_SHIFT));
    if (unlikely(!number))
        return 0;
    a->stocks->numbers[i] = (hash & ~NUMBER_MASK) | number;
    if (a->stocks->owner != a) /* when it goes on after others the number is not of a stretch of its own any more */
        a->stocks->known[number % KNOWN_STAMPS] = known_stamp(a, number);
    return number;
}

/* 0: its place has no entry, or none of this epoch. */
static inline uint32_t number_ready(const struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint64_t hash = number_hash(a, pc, meta), entry = a->stocks->numbers[number_index(hash)];
    const uint32_t number = (uint32_t)(entry & NUMBER_MASK);
    return likely(!((entry ^ hash) >> STAMP_FIELD) && number >= a->stocks->reserve.first) ? number : 0;
}

/* 0: its place has no entry, or the reserve no number. */
static inline uint32_t number_cached(struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint64_t hash = number_hash(a, pc, meta), entry = a->stocks->numbers[number_index(hash)];
    if (unlikely((entry ^ hash) >> STAMP_FIELD))
        return 0;
    const uint32_t number = (uint32_t)(entry & NUMBER_MASK);
    return likely(number >= a->stocks->reserve.first) ? number : number_next(a, hash, meta);
}

/* 0: there are no more before a collection. */
uint32_t number_slow(struct actor *a, uintptr_t pc, uint32_t meta);
static inline uint32_t number_of(struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint32_t number = number_cached(a, pc, meta);
    return likely(number) ? number : number_slow(a, pc, meta);
}

#endif
