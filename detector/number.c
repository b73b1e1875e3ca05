/* See number.h. */
#include "number.h"

#include "access.h"

uint32_t number_slow(struct actor *a, uintptr_t pc, uint32_t meta)
{
    const uint32_t locks = lockset_now(a), stack = call_child(a, pc);
    const uint32_t number = stamp_of(&a->stocks->reserve, a->who, stack, stamp_meta(meta | locks << META_LOCKS_SHIFT));
    if (unlikely(__atomic_load_n(&collection_wanted, __ATOMIC_RELAXED)))
        pause_set(a, PAUSE_COLLECT);
    if (!number)
        return 0;
    const uint64_t hash = number_hash(a, pc, meta);
    const unsigned i = number_index(hash);
    a->stocks->numbers[i] = (hash & ~NUMBER_MASK) | number;
    a->stocks->stacks[i] = stack;
    a->stocks->locksets[i] = locks;
    return number;
}
