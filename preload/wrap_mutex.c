/* Mutexes. Edge: unlock -> every later lock of that mutex. The sync object is the mutex's address.
 *
 * EOWNERDEAD is a lock that was got: it orders like the unlock that never came (thread_life.c releases for the dead owner).
 * Nested locking of a recursive mutex makes the same edges again, which changes nothing. A failed trylock makes none
 * (C11 7.26.4.5).
 *
 * A lock that is free is got by trylock (of the usual type as normal_mutex.h says), which every type of mutex grants and refuses as lock would, but for the errors of
 * a mutex that is held; so only who really blocks tells the core that it waits. */
#include "delay.h"
#include "interpose.h"
#include "mutex.h"
#include "normal_mutex.h"
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

static inline int take(pthread_mutex_t *m)
{
    if (__builtin_expect(normal_mutex_take(m), 1))
        return 0;
    int result = REAL(pthread_mutex_trylock)(m);
    if (result == 0)
        normal_mutex_taken(m);
    return result;
}

static inline int give(pthread_mutex_t *m)
{
    return __builtin_expect(normal_mutex_give(m), 1) ? 0 : REAL(pthread_mutex_unlock)(m);
}

/* The thread may have no actor yet, libc is to be asked, or there is more to it than that the mutex is held: mutex_more. */
static HOT __attribute__((noinline)) int lock_more(pthread_mutex_t *m, uintptr_t pc)
{
    delay_here(pc);
    struct actor *me = current();
    if (!me)
        return REAL(pthread_mutex_lock)(m);
    struct lock *place = lock_place((uintptr_t)m);
    int result = take(m);
    if (__builtin_expect(result != 0, 0))
        return lock_contended(me, m, result, pc);
    mutex_got(me, place, m, 0, pc);
    return 0;
}

/* Calls nothing but at its end. */
HOT INTERPOSE(int, pthread_mutex_lock, (pthread_mutex_t * m))
{
    struct actor *me = current_actor;
    if (__builtin_expect(!me, 0) || __builtin_expect(mutex_more, 0))
        return lock_more(m, CALLER);
    struct lock *place = lock_place((uintptr_t)m);
    if (__builtin_expect(!normal_mutex_take(m), 0))
        return lock_more(m, CALLER);
    mutex_held(me, place, m, 0, CALLER);
    return 0;
}

HOT INTERPOSE(int, pthread_mutex_trylock, (pthread_mutex_t * m))
{
    delay_here(CALLER);
    struct actor *me = current();
    return me ? locked(me, m, take(m), HOW_TRY, CALLER) : REAL(pthread_mutex_trylock)(m);
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

/* As lock_more. */
static HOT __attribute__((noinline)) int unlock_more(pthread_mutex_t *m, uintptr_t pc)
{
    struct actor *me = current();
    if (me)
        mutex_given(me, m, pc);
    int result = give(m);
    delay_here(pc);
    return result;
}

/* With its actor found once more, so that the usual way need not keep it. */
static __attribute__((noinline)) void given_unheld(pthread_mutex_t *m, uintptr_t pc)
{
    struct actor *me = current();
    if (me)
        mutex_given_unheld(me, m, pc);
}

HOT INTERPOSE(int, pthread_mutex_unlock, (pthread_mutex_t * m))
{
    struct actor *me = current_actor;
    if (__builtin_expect(!me || mutex_more, 0))
        return unlock_more(m, CALLER);
    if (__builtin_expect(!lock_gone(me, (uintptr_t)m), 0))
        given_unheld(m, CALLER);
    return give(m);
}
