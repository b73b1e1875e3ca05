/* libc's normal mutex, which nearly all are, taken when it is free and given up as libc does it (glibc,
 * nptl/pthread_mutex_trylock.c and pthread_mutex_unlock.c, all versions from 2.27 on): for these few instructions a call of
 * libc's function would be a third of what is added to a lock and unlock. What is not exactly that is left to libc: false.
 *
 * __kind is 0 for a normal mutex of this process alone, without priorities, robustness or lock elision. __lock is 0 for free, 1 for
 * held, 2 for held and wanted. __owner is the thread's number as libc has it, which it has itself put into a mutex that this
 * thread took before; after a fork it is another one. */
#ifndef GORACE_NORMAL_MUTEX_H
#define GORACE_NORMAL_MUTEX_H

#include <linux/futex.h>
#include <pthread.h>

#include "current.h"
#include "raw.h"

extern __thread int normal_mutex_owner TLS_IE; /* the calling thread; 0: not known yet */

static inline bool normal_mutex_take(pthread_mutex_t *m)
{
    int owner = normal_mutex_owner, free = 0;
    if (__builtin_expect(m->__data.__kind != 0, 0) || __builtin_expect(owner == 0, 0))
        return false;
    if (__builtin_expect(
            !__atomic_compare_exchange_n(&m->__data.__lock, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED), 0))
        return false;
    m->__data.__owner = owner;
    m->__data.__nusers++;
    return true;
}

/* After libc has taken it for the calling thread. */
static inline void normal_mutex_taken(const pthread_mutex_t *m)
{
    if (m->__data.__kind == 0)
        normal_mutex_owner = m->__data.__owner;
}

static inline void normal_mutex_wake(pthread_mutex_t *m)
{
    raw_syscall(SYS_futex, (long)&m->__data.__lock, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
}

static inline bool normal_mutex_give(pthread_mutex_t *m)
{
    if (__builtin_expect(m->__data.__kind != 0, 0) ||
        __builtin_expect(__atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) == 0, 0))
        return false;
    m->__data.__owner = 0;
    m->__data.__nusers--;
    if (__builtin_expect(__atomic_exchange_n(&m->__data.__lock, 0, __ATOMIC_RELEASE) > 1, 0))
        normal_mutex_wake(m);
    return true;
}

#endif
