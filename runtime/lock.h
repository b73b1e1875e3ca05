/* The runtime's own lock: a word that a detector of user locks never sees. Held for tens of nanoseconds, never over a park
 * (rt_park releases it for the caller), and not preempted: it counts in the thread's `locks`.
 *
 * Nobody is woken by an unlock, which is therefore a plain store: half of what a channel operation that meets nobody costs is
 * its locked instructions. Who meets the lock held looks again later (lock.c). So an unlock is a release and no more: a
 * load after it may be done before it. */
#ifndef RT_LOCK_H
#define RT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_64/tls.h"

struct rt_lock {
    uint32_t held;
};

void rt_lock_slow(struct rt_lock *l);

static inline bool rt_lock_take(struct rt_lock *l)
{
    uint32_t free = 0;
    return __atomic_compare_exchange_n(&l->held, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void rt_lock(struct rt_lock *l)
{
    rt_locks_add(1);
    if (__builtin_expect(!rt_lock_take(l), 0))
        rt_lock_slow(l);
}

static inline void rt_unlock(struct rt_lock *l)
{
    __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
    rt_locks_add(-1);
}

#endif
