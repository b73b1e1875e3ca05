/* Mutexes. Edge: unlock -> every later lock of that mutex. The sync object is the mutex's address.
 *
 * EOWNERDEAD is a lock that was got: it orders like the unlock that never came (threads.c releases for the dead owner).
 * Nested locking of a recursive mutex makes the same edges again, which changes nothing. A failed trylock makes none
 * (C11 7.26.4.5). */
#include "interpose.h"

static inline bool got(int result)
{
    return result == 0 || result == EOWNERDEAD;
}

static inline void locked(struct actor *me, pthread_mutex_t *m, int result, uintptr_t pc)
{
    if (me && got(result)) {
        sync_acquire(me, (uintptr_t)m);
        lock_got(me, (uintptr_t)m, true, pc);
    }
}

/* Some types refuse the unlock of a thread that is not the owner. The owner's clock contains the mutex's, so for it
 * adding to that clock is the same as replacing it; for anybody else adding does no harm to what the owner released. */
static inline bool may_refuse(const pthread_mutex_t *m)
{
    return m->__data.__kind != PTHREAD_MUTEX_TIMED_NP;
}

INTERPOSE(int, pthread_mutex_init, (pthread_mutex_t * m, const pthread_mutexattr_t *attr))
{
    struct actor *me = current();
    if (me) {
        mem_write(me, m, sizeof *m, CALLER);
        sync_forget(me, (uintptr_t)m);
    }
    return REAL(pthread_mutex_init)(m, attr);
}

INTERPOSE(int, pthread_mutex_destroy, (pthread_mutex_t * m))
{
    struct actor *me = current();
    int result = REAL(pthread_mutex_destroy)(m);
    if (me && result == 0) {
        mem_write(me, m, sizeof *m, CALLER);
        sync_forget(me, (uintptr_t)m);
    }
    return result;
}

INTERPOSE(int, pthread_mutex_lock, (pthread_mutex_t * m))
{
    struct actor *me = current();
    int result = REAL(pthread_mutex_lock)(m);
    locked(me, m, result, CALLER);
    return result;
}

INTERPOSE(int, pthread_mutex_trylock, (pthread_mutex_t * m))
{
    struct actor *me = current();
    int result = REAL(pthread_mutex_trylock)(m);
    locked(me, m, result, CALLER);
    return result;
}

INTERPOSE(int, pthread_mutex_timedlock, (pthread_mutex_t * m, const struct timespec *until))
{
    struct actor *me = current();
    int result = REAL(pthread_mutex_timedlock)(m, until);
    locked(me, m, result, CALLER);
    return result;
}

INTERPOSE(int, pthread_mutex_clocklock, (pthread_mutex_t * m, clockid_t clock, const struct timespec *until))
{
    struct actor *me = current();
    if (!REAL(pthread_mutex_clocklock))
        return ENOSYS;
    int result = REAL(pthread_mutex_clocklock)(m, clock, until);
    locked(me, m, result, CALLER);
    return result;
}

INTERPOSE(int, pthread_mutex_unlock, (pthread_mutex_t * m))
{
    struct actor *me = current();
    if (me) {
        if (may_refuse(m))
            sync_release_merge(me, (uintptr_t)m);
        else
            sync_release(me, (uintptr_t)m);
        lock_gone(me, (uintptr_t)m);
    }
    return REAL(pthread_mutex_unlock)(m);
}
