/* The slow half of lock.h: spin for about the length of a critical section, then sleep on the futex. A holder that is
 * descheduled by the kernel makes the others sleep, not burn. The word is 2 while somebody may sleep: a waiter that has
 * slept takes the lock as 2, for there may be others, so that no wake-up is lost (Drepper, "Futexes Are Tricky"). */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os.h"
#include "rt.h"

enum { SPINS = 60 };

void rt_lock_slow(struct rt_lock *l)
{
    for (int i = 0; i < SPINS; i++) {
        uint32_t free = 0;
        if (__atomic_load_n(&l->word, __ATOMIC_RELAXED) == 0 &&
            __atomic_compare_exchange_n(&l->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
        rt_pause();
    }
    while (__atomic_exchange_n(&l->word, 2, __ATOMIC_ACQUIRE) != 0)
        rt_futex_wait(&l->word, 2, GORO_FOREVER);
}

void rt_unlock_slow(struct rt_lock *l)
{
    rt_futex_wake(&l->word, 1);
}

void rt_unlock_arg(void *lock)
{
    rt_unlock(lock);
}
