/* The runtime's own lock: a futex word that a detector of user locks never sees. Held for tens of nanoseconds, never over
 * a park (rt_park releases it for the caller), and not preempted: it counts in the thread's `locks`. */
#ifndef RT_LOCK_H
#define RT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_64/tls.h"

struct rt_lock {
    uint32_t word; /* 0 free, 1 held, 2 held and somebody may sleep on it */
};

void rt_lock_slow(struct rt_lock *l);
void rt_unlock_slow(struct rt_lock *l);

static inline void rt_lock(struct rt_lock *l)
{
    uint32_t free = 0;
    rt_locks_add(1);
    if (!__atomic_compare_exchange_n(&l->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        rt_lock_slow(l);
}

static inline bool rt_trylock(struct rt_lock *l)
{
    uint32_t free = 0;
    rt_locks_add(1);
    if (__atomic_compare_exchange_n(&l->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return true;
    rt_locks_add(-1);
    return false;
}

static inline void rt_unlock(struct rt_lock *l)
{
    if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2)
        rt_unlock_slow(l);
    rt_locks_add(-1);
}

#endif
