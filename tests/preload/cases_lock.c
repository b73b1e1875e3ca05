/* Every way to get and give up every kind of lock, and semaphores: each is the only order between two accesses, and what
 * orders nothing is shown to order nothing. */
#include <semaphore.h>
#include <threads.h>

#include "cases.h"

static struct schedule s;
static int x;

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static sem_t sem;
static mtx_t mtx;
static struct timespec realtime, monotonic;

/* The thread gets the lock in one way, the main thread later in another; x is written under it by both. */
static void (*first_get)(void), (*first_give)(void);

static void *first(void *arg)
{
    first_get();
    x++;
    first_give();
    step(&s, 1);
    await(&s, 2);
    return arg;
}

static void in_order(void (*get)(void), void (*give)(void), void (*then_get)(void), void (*then_give)(void))
{
    pthread_t t;
    realtime = far_future(CLOCK_REALTIME);
    monotonic = far_future(CLOCK_MONOTONIC);
    first_get = get;
    first_give = give;
    OK(pthread_create(&t, NULL, first, NULL));
    await(&s, 1);
    then_get();
    x++;
    then_give();
    step(&s, 2);
    OK(pthread_join(t, NULL));
    CHECK(x == 2);
}

#define WAY(name, call) \
    static void name(void) \
    { \
        OK(call); \
    }
WAY(lock, pthread_mutex_lock(&m))
WAY(trylock, pthread_mutex_trylock(&m))
WAY(timedlock, pthread_mutex_timedlock(&m, &realtime))
WAY(clocklock, pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &monotonic))
WAY(unlock, pthread_mutex_unlock(&m))
WAY(lock_other, pthread_mutex_lock(&other))
WAY(unlock_other, pthread_mutex_unlock(&other))
WAY(rdlock, pthread_rwlock_rdlock(&rw))
WAY(tryrdlock, pthread_rwlock_tryrdlock(&rw))
WAY(timedrdlock, pthread_rwlock_timedrdlock(&rw, &realtime))
WAY(clockrdlock, pthread_rwlock_clockrdlock(&rw, CLOCK_MONOTONIC, &monotonic))
WAY(wrlock, pthread_rwlock_wrlock(&rw))
WAY(trywrlock, pthread_rwlock_trywrlock(&rw))
WAY(timedwrlock, pthread_rwlock_timedwrlock(&rw, &realtime))
WAY(clockwrlock, pthread_rwlock_clockwrlock(&rw, CLOCK_MONOTONIC, &monotonic))
WAY(rwunlock, pthread_rwlock_unlock(&rw))
WAY(spin_lock, pthread_spin_lock(&spin))
WAY(spin_trylock, pthread_spin_trylock(&spin))
WAY(spin_unlock, pthread_spin_unlock(&spin))
WAY(post, sem_post(&sem))
WAY(wait, sem_wait(&sem))
WAY(trywait, sem_trywait(&sem))
WAY(timedwait, sem_timedwait(&sem, &realtime))
WAY(clockwait, sem_clockwait(&sem, CLOCK_MONOTONIC, &monotonic))
WAY(c11_lock, mtx_lock(&mtx))
WAY(c11_trylock, mtx_trylock(&mtx))
WAY(c11_timedlock, mtx_timedlock(&mtx, &realtime))
WAY(c11_unlock, mtx_unlock(&mtx))

static void nothing(void)
{
}

/* ---- mutexes ----------------------------------------------------------------------------------------------------- */

static void make_mutex(int type, int robust, int shared)
{
    pthread_mutexattr_t attr;
    OK(pthread_mutexattr_init(&attr));
    OK(pthread_mutexattr_settype(&attr, type));
    OK(pthread_mutexattr_setrobust(&attr, robust));
    OK(pthread_mutexattr_setpshared(&attr, shared));
    OK(pthread_mutex_init(&m, &attr));
}

static void norace_mutex(void)
{
    in_order(lock, unlock, lock, unlock);
}
static void norace_mutex_trylock(void)
{
    in_order(trylock, unlock, trylock, unlock);
}
static void norace_mutex_timedlock(void)
{
    in_order(timedlock, unlock, timedlock, unlock);
}
static void norace_mutex_clocklock(void)
{
    in_order(clocklock, unlock, clocklock, unlock);
}
static void norace_mutex_errorcheck(void)
{
    make_mutex(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
    in_order(lock, unlock, lock, unlock);
}
static void norace_mutex_shared(void)
{
    make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_SHARED);
    in_order(lock, unlock, lock, unlock);
}
static void lock_twice(void)
{
    lock();
    lock();
    unlock();
}
static void norace_mutex_recursive(void)
{
    make_mutex(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
    in_order(lock_twice, unlock, lock_twice, unlock);
}
static void race_two_mutexes(void)
{
    in_order(lock, unlock, lock_other, unlock_other);
}

static void *tries(void *arg)
{
    await(&s, 1);
    int result = pthread_mutex_trylock(&m);
    x++;
    CHECK(result == EBUSY);
    step(&s, 2);
    return arg;
}
static void race_trylock_busy(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, tries, NULL));
    lock();
    x++;
    unlock();
    lock();
    step(&s, 1);
    await(&s, 2);
    unlock();
    OK(pthread_join(t, NULL));
}

/* An unlock that is refused must not replace what the owner has released. */
static void *unlocks_wrongly(void *arg)
{
    await(&s, 1);
    CHECK(pthread_mutex_unlock(&m) == EPERM);
    step(&s, 2);
    return arg;
}
static void *locks_last(void *arg)
{
    await(&s, 2);
    lock();
    x++;
    unlock();
    return arg;
}
static void norace_unlock_refused(void)
{
    pthread_t t, last;
    make_mutex(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE);
    OK(pthread_create(&t, NULL, unlocks_wrongly, NULL));
    OK(pthread_create(&last, NULL, locks_last, NULL));
    lock();
    x++;
    unlock();
    step(&s, 1);
    OK(pthread_join(last, NULL));
    OK(pthread_join(t, NULL));
}

static void *dies_with_lock(void *arg)
{
    lock();
    x++;
    return arg;
}
static void norace_owner_died(void)
{
    pthread_t t;
    make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE);
    OK(pthread_create(&t, NULL, dies_with_lock, NULL));
    OK(pthread_detach(t));
    int result;
    while ((result = pthread_mutex_trylock(&m)) != EOWNERDEAD)
        if (result == 0)
            unlock();
    x++;
    OK(pthread_mutex_consistent(&m));
    unlock();
}

/* A mutex that was destroyed and made again knows nothing of the old one. */
static void remake(void)
{
    OK(pthread_mutex_destroy(&m));
    OK(pthread_mutex_init(&m, NULL));
    lock();
}
/* Destroyed and set up by assignment; or made again without being destroyed. */
static void remake_by_value(void)
{
    OK(pthread_mutex_destroy(&m));
    m = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    lock();
}
static void remake_in_place(void)
{
    OK(pthread_mutex_init(&m, NULL));
    lock();
}
static void remake_rwlock(void)
{
    OK(pthread_rwlock_init(&rw, NULL));
    wrlock();
}
static void remake_spin(void)
{
    OK(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
    spin_lock();
}
static void remake_sem(void)
{
    OK(sem_init(&sem, 0, 1));
    wait();
}
static void remake_c11(void)
{
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success);
    c11_lock();
}

/* ---- read-write locks, spin locks, semaphores, C11 --------------------------------------------------------------- */

static void norace_write_write(void)
{
    in_order(wrlock, rwunlock, wrlock, rwunlock);
}
static void norace_write_trywrite(void)
{
    in_order(trywrlock, rwunlock, trywrlock, rwunlock);
}
static void norace_write_timedwrite(void)
{
    in_order(timedwrlock, rwunlock, timedwrlock, rwunlock);
}
static void norace_write_clockwrite(void)
{
    in_order(clockwrlock, rwunlock, clockwrlock, rwunlock);
}
static void norace_write_read(void)
{
    in_order(wrlock, rwunlock, rdlock, rwunlock);
}
static void norace_write_tryread(void)
{
    in_order(wrlock, rwunlock, tryrdlock, rwunlock);
}
static void norace_write_timedread(void)
{
    in_order(wrlock, rwunlock, timedrdlock, rwunlock);
}
static void norace_write_clockread(void)
{
    in_order(wrlock, rwunlock, clockrdlock, rwunlock);
}
static void norace_read_write(void)
{
    in_order(rdlock, rwunlock, wrlock, rwunlock);
}
static void norace_tryread_trywrite(void)
{
    in_order(tryrdlock, rwunlock, trywrlock, rwunlock);
}
static void race_read_read(void)
{
    in_order(rdlock, rwunlock, rdlock, rwunlock);
}
static void norace_spin(void)
{
    OK(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
    in_order(spin_lock, spin_unlock, spin_lock, spin_unlock);
    OK(pthread_spin_destroy(&spin));
}
static void norace_spin_trylock(void)
{
    OK(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
    in_order(spin_trylock, spin_unlock, spin_trylock, spin_unlock);
}
static void norace_sem_wait(void)
{
    OK(sem_init(&sem, 0, 0));
    in_order(nothing, post, wait, nothing);
    OK(sem_destroy(&sem));
}
static void norace_sem_trywait(void)
{
    OK(sem_init(&sem, 0, 0));
    in_order(nothing, post, trywait, nothing);
}
static void norace_sem_timedwait(void)
{
    OK(sem_init(&sem, 0, 0));
    in_order(nothing, post, timedwait, nothing);
}
static void norace_sem_clockwait(void)
{
    OK(sem_init(&sem, 0, 0));
    in_order(nothing, post, clockwait, nothing);
}
static void sem_fails(void)
{
    struct timespec past = {0, 0};
    CHECK(sem_trywait(&sem) != 0 && errno == EAGAIN);
    CHECK(sem_timedwait(&sem, &past) != 0 && errno == ETIMEDOUT);
}
static void post_and_take(void)
{
    post();
    wait();
}
static void race_sem_not_got(void)
{
    OK(sem_init(&sem, 0, 0));
    in_order(nothing, post_and_take, sem_fails, nothing);
}
static void norace_c11_mutex(void)
{
    CHECK(mtx_init(&mtx, mtx_timed) == thrd_success);
    in_order(c11_lock, c11_unlock, c11_lock, c11_unlock);
    mtx_destroy(&mtx);
}
static void norace_c11_trylock(void)
{
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success);
    in_order(c11_trylock, c11_unlock, c11_trylock, c11_unlock);
}
static void norace_c11_timedlock(void)
{
    CHECK(mtx_init(&mtx, mtx_timed) == thrd_success);
    in_order(c11_timedlock, c11_unlock, c11_timedlock, c11_unlock);
}

static void race_mutex_made_again(void)
{
    in_order(lock, unlock, remake, unlock);
}
static void race_mutex_made_by_value(void)
{
    in_order(lock, unlock, remake_by_value, unlock);
}
static void race_mutex_made_in_place(void)
{
    in_order(lock, unlock, remake_in_place, unlock);
}
static void race_written_rwlock_made_again(void)
{
    in_order(wrlock, rwunlock, remake_rwlock, rwunlock);
}
static void race_read_rwlock_made_again(void)
{
    in_order(rdlock, rwunlock, remake_rwlock, rwunlock);
}
static void race_spin_made_again(void)
{
    OK(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
    in_order(spin_lock, spin_unlock, remake_spin, spin_unlock);
}
static void race_sem_made_again(void)
{
    OK(sem_init(&sem, 0, 0));
    in_order(nothing, post, remake_sem, nothing);
}
static void race_c11_made_again(void)
{
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success);
    in_order(c11_lock, c11_unlock, remake_c11, c11_unlock);
}

#define CASES(X) \
    X(norace_mutex) \
    X(norace_mutex_trylock) \
    X(norace_mutex_timedlock) \
    X(norace_mutex_clocklock) \
    X(norace_mutex_errorcheck) \
    X(norace_mutex_shared) \
    X(norace_mutex_recursive) \
    X(race_two_mutexes) \
    X(race_trylock_busy) \
    X(norace_unlock_refused) \
    X(norace_owner_died) \
    X(race_mutex_made_again) \
    X(race_mutex_made_by_value) \
    X(race_mutex_made_in_place) \
    X(race_written_rwlock_made_again) \
    X(race_read_rwlock_made_again) \
    X(race_spin_made_again) \
    X(race_sem_made_again) \
    X(race_c11_made_again) \
    X(norace_write_write) \
    X(norace_write_trywrite) \
    X(norace_write_timedwrite) \
    X(norace_write_clockwrite) \
    X(norace_write_read) \
    X(norace_write_tryread) \
    X(norace_write_timedread) \
    X(norace_write_clockread) \
    X(norace_read_write) \
    X(norace_tryread_trywrite) \
    X(race_read_read) \
    X(norace_spin) \
    X(norace_spin_trylock) \
    X(norace_sem_wait) \
    X(norace_sem_trywait) \
    X(norace_sem_timedwait) \
    X(norace_sem_clockwait) \
    X(race_sem_not_got) \
    X(norace_c11_mutex) \
    X(norace_c11_trylock) \
    X(norace_c11_timedlock)
CASES_MAIN
