/* Readers-writer locks, spin locks, conditions and joins used against their rules. */
#include "thread.h"
#include <errno.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct schedule steps;
static bool right; /* the twin runs */
static bool is_ready;

void misuse_rwlock_unlock_unlocked(bool fixed)
{
    if (fixed)
        pthread_rwlock_rdlock(&rwlock);
    pthread_rwlock_unlock(&rwlock); // MISUSE
}

static void *misuse_rwlock_non_owner_thread(void *arg)
{
    if (right)
        pthread_rwlock_wrlock(&rwlock);
    pthread_rwlock_unlock(&rwlock); // MISUSE
    return arg;
}

void misuse_rwlock_non_owner(bool fixed)
{
    right = fixed;
    pthread_rwlock_wrlock(&rwlock); // HELD
    if (fixed)
        pthread_rwlock_unlock(&rwlock);
    finish(begin(misuse_rwlock_non_owner_thread, NULL));
}

void misuse_rwlock_destroy_locked(bool fixed)
{
    pthread_rwlock_t m;

    pthread_rwlock_init(&m, NULL);
    pthread_rwlock_rdlock(&m); // HELD
    if (fixed)
        pthread_rwlock_unlock(&m);
    pthread_rwlock_destroy(&m); // MISUSE
}

static void *misuse_rwlock_ends_holding_thread(void *arg)
{
    pthread_rwlock_rdlock(&rwlock); // HELD
    if (right)
        pthread_rwlock_unlock(&rwlock);
    return arg;
}

void misuse_rwlock_ends_holding(bool fixed)
{
    right = fixed;
    finish(begin(misuse_rwlock_ends_holding_thread, NULL));
}

/* glibc refuses the second lock; who does not look at that unlocks twice. The twin looks. */
void misuse_rwlock_write_twice(bool fixed)
{
    pthread_rwlock_wrlock(&rwlock); // HELD
    if (!fixed)
        pthread_rwlock_wrlock(&rwlock); // MISUSE
    pthread_rwlock_unlock(&rwlock);
}

static pthread_spinlock_t spin;

static void *misuse_spin_non_owner_thread(void *arg)
{
    if (right)
        pthread_spin_lock(&spin);
    pthread_spin_unlock(&spin); // MISUSE
    return arg;
}

void misuse_spin_non_owner(bool fixed)
{
    right = fixed;
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&spin); // HELD
    if (fixed)
        pthread_spin_unlock(&spin);
    finish(begin(misuse_spin_non_owner_thread, NULL));
    pthread_spin_destroy(&spin);
}

void misuse_spin_destroy_locked(bool fixed)
{
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&spin); // HELD
    if (fixed)
        pthread_spin_unlock(&spin);
    pthread_spin_destroy(&spin); // MISUSE
}

static pthread_mutex_t *misuse_two_mutexes_of(int number)
{
    return number == 1 || right ? &lock : &other;
}

static void *misuse_two_mutexes_waiter(void *arg)
{
    int number = *(int *)arg;
    pthread_mutex_t *mine = misuse_two_mutexes_of(number);

    pthread_mutex_lock(mine);
    step(&steps, number);
    while (!__atomic_load_n(&is_ready, __ATOMIC_ACQUIRE))
        pthread_cond_wait(&changed, mine); // MISUSE
    pthread_mutex_unlock(mine);
    return NULL;
}

/* Two wait on one condition with different mutexes. */
void misuse_two_mutexes(bool fixed)
{
    int one = 1, two = 2;

    right = fixed;
    pthread_t first = begin(misuse_two_mutexes_waiter, &one), second;
    await(&steps, 1);
    pthread_mutex_lock(&lock); /* the first waits */
    pthread_mutex_unlock(&lock);
    second = begin(misuse_two_mutexes_waiter, &two);
    await(&steps, 2);
    pthread_mutex_lock(&lock);
    if (!fixed)
        pthread_mutex_lock(&other); /* and the second */
    __atomic_store_n(&is_ready, true, __ATOMIC_RELEASE);
    pthread_cond_broadcast(&changed);
    if (!fixed)
        pthread_mutex_unlock(&other);
    pthread_mutex_unlock(&lock);
    finish(first);
    finish(second);
}

static void *misuse_cond_unlocked_waker(void *arg)
{
    await(&steps, 1);
    while (!__atomic_load_n(&is_ready, __ATOMIC_ACQUIRE))
        pthread_cond_signal(&changed);
    return arg;
}

/* Waits with a mutex that it does not have, nor anybody else: glibc would take it away from a holder, and stop the process when
 * that one gives it up. */
void misuse_cond_unlocked(bool fixed)
{
    pthread_t waker = begin(misuse_cond_unlocked_waker, NULL);

    if (fixed)
        pthread_mutex_lock(&lock);
    step(&steps, 1);
    pthread_cond_wait(&changed, &lock); // MISUSE
    pthread_mutex_unlock(&lock);
    __atomic_store_n(&is_ready, true, __ATOMIC_RELEASE);
    finish(waker);
}

static void *misuse_cond_destroy_waiter(void *arg)
{
    pthread_mutex_lock(&lock);
    step(&steps, 1);
    while (!is_ready)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return arg;
}

/* The condition is destroyed while somebody waits on it: with glibc since 2.25 the call does not return. The twin does so as
 * soon as the waiter has been woken, which is allowed. */
void misuse_cond_destroy(bool fixed)
{
    pthread_t waiter = begin(misuse_cond_destroy_waiter, NULL);

    await(&steps, 1);
    pthread_mutex_lock(&lock);
    if (fixed) {
        is_ready = true;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&changed); // MISUSE
    finish(waiter);
}

static void *misuse_self_join_thread(void *arg)
{
    if (!right)
        pthread_join(pthread_self(), NULL); // MISUSE
    return arg;
}

/* A thread joins itself; glibc refuses. */
void misuse_self_join(bool fixed)
{
    right = fixed;
    finish(begin(misuse_self_join_thread, NULL));
}
