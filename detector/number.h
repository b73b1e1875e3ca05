/* The number of an access's stamp (stamp.h), by the place it is made from: code address, calling context, and what else is in a
 * stamp but the epoch and the lock set. A place keeps its entry for many epochs, and under whatever locks it is come to: the
 * first access of an epoch from there takes the next number of the reserve, and needs no more than the hash of the place for it.
 *
 * An entry has the place's last number below what it takes of a hash of all that a place is. 51 bits of it are compared, so a
 * place is mistaken for another one once in 10^15 times that two come to the same entry; races are found all the same
 * then, one stack is another one's. Numbers mean something else after a collection: entries have none then, but stay. An entry's number
 * is for one lock set, that of the last access from there.
 *
 * Guards: entries are the actor's who has the stocks. Numbers of one stocks only grow between collections, whoever takes them: one
 * is of the actor's current epoch when it is not below the first of that. */
#ifndef GORACE_NUMBER_H
#define GORACE_NUMBER_H

#include "actor.h"
#include "lockset.h"

_Static_assert(NUMBERS == 8192, "index of 13 bits");

static inline uint64_t number_hash(const struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint64_t kind = (uint64_t)(meta & (META_SIZE | (META_KIND & ~META_CLASS))) << (62 - META_SIZE_SHIFT);
    return (a->context * 0xd6e8feb86659fd93u ^ pc ^ kind) * 0x9e3779b97f4a7c15u;
}

static inline unsigned number_index(uint64_t hash)
{
    return (unsigned)(hash >> (STAMP_FIELD - 13)) % NUMBERS;
}

/* For an access from `pc` now, of the place that number_index(hash) has. 0: the reserve has no more. */
static inline uint32_t number_next(struct actor *a, uint64_t hash, uint32_t meta)
{
    const unsigned i = number_index(hash);
    const uint32_t locks = lockset_now(a);
    const uint32_t number =
        stamp_next(&a->stocks->reserve, a->who, a->stocks->stacks[i], stamp_meta(meta | locks << META_LOCKS_SHIFT));
    if (unlikely(!number))
        return 0;
    a->stocks->numbers[i] = (hash & ~NUMBER_MASK) | number;
    a->stocks->locksets[i] = locks;
    if (a->stocks->owner != a) /* when it goes on after others the number is not of a stretch of its own any more */
        a->stocks->known[number % KNOWN_STAMPS] = known_stamp(a, number);
    return number;
}

/* The entry of the place is of this epoch, and under the locks that are held. */
static inline bool number_now(const struct actor *a, unsigned i)
{
    return (uint32_t)(a->stocks->numbers[i] & NUMBER_MASK) >= a->stocks->reserve.first &&
           a->stocks->locksets[i] == a->lockset;
}

/* 0: its place has no entry, or none that is number_now. */
static inline uint32_t number_ready(const struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint64_t hash = number_hash(a, pc, meta);
    const unsigned i = number_index(hash);
    const uint64_t entry = a->stocks->numbers[i];
    return likely(!((entry ^ hash) >> STAMP_FIELD) && number_now(a, i)) ? (uint32_t)(entry & NUMBER_MASK) : 0;
}

/* The same, or, for the first access of an epoch from there, the next number. calls: even if the lock set has to be looked up. */
static inline __attribute__((always_inline)) uint32_t number_or_next(struct actor *a, uintptr_t pc, uint32_t meta,
                                                                     bool calls)
{
    const uint64_t hash = number_hash(a, pc, meta);
    const unsigned i = number_index(hash);
    const uint64_t entry = a->stocks->numbers[i];
    if (unlikely((entry ^ hash) >> STAMP_FIELD))
        return 0;
    if (likely(number_now(a, i)))
        return (uint32_t)(entry & NUMBER_MASK);
    return !calls && a->lockset == LOCKSET_STALE ? 0 : number_next(a, hash, meta);
}
static inline uint32_t number_quick(struct actor *a, uintptr_t pc, uint32_t meta)
{
    return number_or_next(a, pc, meta, false);
}
/* 0: its place has no entry, or the reserve no number. */
static inline uint32_t number_cached(struct actor *a, uintptr_t pc, uint32_t meta)
{
    return number_or_next(a, pc, meta, true);
}

/* 0: there are no more before a collection. */
uint32_t number_slow(struct actor *a, uintptr_t pc, uint32_t meta);
static inline uint32_t number_of(struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint32_t number = number_cached(a, pc, meta);
    return likely(number) ? number : number_slow(a, pc, meta);
}

#endif
