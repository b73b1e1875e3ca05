/* Mutexes. Edge: unlock -> every later lock of that mutex. The sync object is the mutex's address.
 *
 * EOWNERDEAD is a lock that was got: it orders like the unlock that never came (thread_life.c releases for the dead owner).
 * Nested locking of a recursive mutex makes the same edges again, which changes nothing. A failed trylock makes none
 * (C11 7.26.4.5).
 *
 * A lock that is free is got by trylock, which every type of mutex grants and refuses as lock would, but for the errors of
 * a mutex that is held; so only who really blocks tells the core that it waits. */
#include "delay.h"
#include "interpose.h"
#include "mutex.h"
#include "signals.h"

static inline bool got(int result)
{
    return result == 0 || result == EOWNERDEAD;
}

static __attribute__((noinline)) int failed(struct actor *me, pthread_mutex_t *m, int result, uintptr_t pc)
{
    if (result == ETIMEDOUT)
        lock_missed(me, (uintptr_t)m, HOW(THING_MUTEX, HOW_EXCLUSIVE | HOW_TIMED), pc);
    else
        mutex_refused(me, m, result, pc);
    return result;
}

static inline int locked(struct actor *me, pthread_mutex_t *m, int result, unsigned bits, uintptr_t pc)
{
    if (__builtin_expect(!got(result), 0))
        return failed(me, m, result, pc);
    mutex_got(me, lock_place((uintptr_t)m), m, bits, pc);
    return result;
}

INTERPOSE(int, pthread_mutex_init, (pthread_mutex_t * m, const pthread_mutexattr_t *attr))
{
    struct actor *me = current();
    if (me)
        mutex_made(me, m, CALLER);
    return REAL(pthread_mutex_init)(m, attr);
}

INTERPOSE(int, pthread_mutex_destroy, (pthread_mutex_t * m))
{
    struct actor *me = current();
    int result = REAL(pthread_mutex_destroy)(m);
    if (me)
        mutex_destroyed(me, m, result, CALLER);
    return result;
}

static __attribute__((noinline)) int lock_blocking(struct actor *me, pthread_mutex_t *m, uintptr_t pc)
{
    PARKED_REGISTERS();
    bool waits = mutex_wait_begin(me, m, pc);
    int result = REAL(pthread_mutex_lock)(m);
    if (waits)
        wait_end(me);
    return result;
}

static __attribute__((noinline)) int lock_contended(struct actor *me, pthread_mutex_t *m, int result, uintptr_t pc)
{
    if (result == EBUSY)
        result = lock_blocking(me, m, pc);
    return locked(me, m, result, 0, pc);
}

/* The thread may have no actor yet, or the option is on. */
static __attribute__((noinline)) int lock_delayed(pthread_mutex_t *m, uintptr_t pc)
{
    delay_here(pc);
    struct actor *me = current();
    return me ? lock_contended(me, m, REAL(pthread_mutex_trylock)(m), pc) : REAL(pthread_mutex_lock)(m);
}

HOT INTERPOSE(int, pthread_mutex_lock, (pthread_mutex_t * m))
{
    struct actor *me = current_actor;
    if (__builtin_expect(!me || delay_on, 0))
        return lock_delayed(m, CALLER);
    struct lock *place = lock_place((uintptr_t)m);
    int result = REAL(pthread_mutex_trylock)(m);
    if (__builtin_expect(result != 0, 0))
        return lock_contended(me, m, result, CALLER);
    mutex_got(me, place, m, 0, CALLER);
    return 0;
}

HOT INTERPOSE(int, pthread_mutex_trylock, (pthread_mutex_t * m))
{
    delay_here(CALLER);
    struct actor *me = current();
    int result = REAL(pthread_mutex_trylock)(m);
    return me ? locked(me, m, result, HOW_TRY, CALLER) : result;
}

INTERPOSE(int, pthread_mutex_timedlock, (pthread_mutex_t * m, const struct timespec *until))
{
    delay_here(CALLER);
    struct actor *me = current();
    int result = PARKED(me, "pthread_mutex_timedlock", -1, REAL(pthread_mutex_timedlock)(m, until));
    return me ? locked(me, m, result, HOW_TIMED, CALLER) : result;
}

INTERPOSE(int, pthread_mutex_clocklock, (pthread_mutex_t * m, clockid_t clock, const struct timespec *until))
{
    delay_here(CALLER);
    struct actor *me = current();
    if (!REAL(pthread_mutex_clocklock))
        return ENOSYS;
    int result = PARKED(me, "pthread_mutex_clocklock", -1, REAL(pthread_mutex_clocklock)(m, clock, until));
    return me ? locked(me, m, result, HOW_TIMED, CALLER) : result;
}

static __attribute__((noinline)) int unlock_delayed(pthread_mutex_t *m, uintptr_t pc)
{
    int result = REAL(pthread_mutex_unlock)(m);
    delay_here(pc);
    return result;
}

HOT INTERPOSE(int, pthread_mutex_unlock, (pthread_mutex_t * m))
{
    struct actor *me = current();
    if (me)
        mutex_given(me, m, CALLER);
    return __builtin_expect(delay_on, 0) ? unlock_delayed(m, CALLER) : REAL(pthread_mutex_unlock)(m);
}
