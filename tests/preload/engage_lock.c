/* Locks: what obtains one acquires and is held, what gives it up releases. */
#include "engage.h"

static struct timespec until(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_sec += 1000;
    return t;
}

static void held(void *lock)
{
    ACQUIRES(lock);
    GETS(lock);
}

#define LOCKS(name, lock, ...) \
    CASE(name) \
    { \
        struct timespec wall = until(CLOCK_REALTIME), steady = until(CLOCK_MONOTONIC); \
        (void)wall; \
        (void)steady; \
        CHECK(CALL(name)(lock, ##__VA_ARGS__) == 0); \
        held(lock); \
    }

#define BEGINS(name, lock, size, ...) \
    CASE(name) \
    { \
        CHECK(CALL(name)(lock, ##__VA_ARGS__) == 0); \
        WRITES(lock, size); \
        FORGETS(lock); \
    }

/* ---- mutex ------------------------------------------------------------------------------------------------------- */

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

BEGINS(pthread_mutex_init, &m, sizeof m, NULL)
BEGINS(pthread_mutex_destroy, &m, sizeof m)
LOCKS(pthread_mutex_lock, &m)
LOCKS(pthread_mutex_timedlock, &m, &wall)
LOCKS(pthread_mutex_clocklock, &m, CLOCK_MONOTONIC, &steady)

CASE(pthread_mutex_trylock)
{
    CHECK(CALL(pthread_mutex_trylock)(&m) == 0);
    held(&m);
    from_here();
    CHECK(CALL(pthread_mutex_trylock)(&m) == EBUSY);
    CHECK(!told_for_sure(TRACE_GOT, (uintptr_t)&m, SIZE_MAX));
}

CASE(pthread_mutex_unlock)
{
    CHECK(pthread_mutex_lock(&m) == 0 && CALL(pthread_mutex_unlock)(&m) == 0);
    RELEASES(&m);
    GIVES(&m);
    CHECK(pthread_mutex_trylock(&m) == 0);
}

/* ---- rwlock ------------------------------------------------------------------------------------------------------ */

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;

BEGINS(pthread_rwlock_init, &rw, sizeof rw, NULL)
BEGINS(pthread_rwlock_destroy, &rw, sizeof rw)
LOCKS(pthread_rwlock_rdlock, &rw)
LOCKS(pthread_rwlock_tryrdlock, &rw)
LOCKS(pthread_rwlock_timedrdlock, &rw, &wall)
LOCKS(pthread_rwlock_clockrdlock, &rw, CLOCK_MONOTONIC, &steady)
LOCKS(pthread_rwlock_wrlock, &rw)
LOCKS(pthread_rwlock_trywrlock, &rw)
LOCKS(pthread_rwlock_timedwrlock, &rw, &wall)
LOCKS(pthread_rwlock_clockwrlock, &rw, CLOCK_MONOTONIC, &steady)

/* A reader's unlock is known to the next writer, not to the next reader. */
CASE(pthread_rwlock_unlock)
{
    CHECK(pthread_rwlock_wrlock(&rw) == 0 && CALL(pthread_rwlock_unlock)(&rw) == 0);
    RELEASES(&rw);
    GIVES(&rw);
    from_here();
    CHECK(pthread_rwlock_rdlock(&rw) == 0 && CALL(pthread_rwlock_unlock)(&rw) == 0);
    NO_EDGE();
    CHECK(pthread_rwlock_wrlock(&rw) == 0);
    EDGE();
}

/* ---- spin lock ----------------------------------------------------------------------------------------------------- */

static pthread_spinlock_t spin;

BEGINS(pthread_spin_init, &spin, sizeof spin, 0)
BEGINS(pthread_spin_destroy, &spin, sizeof spin)

CASE(pthread_spin_lock)
{
    CHECK(pthread_spin_init(&spin, 0) == 0 && CALL(pthread_spin_lock)(&spin) == 0);
    held((void *)&spin);
}

CASE(pthread_spin_trylock)
{
    CHECK(pthread_spin_init(&spin, 0) == 0 && CALL(pthread_spin_trylock)(&spin) == 0);
    held((void *)&spin);
    CHECK(CALL(pthread_spin_trylock)(&spin) == EBUSY);
}

CASE(pthread_spin_unlock)
{
    CHECK(pthread_spin_init(&spin, 0) == 0 && pthread_spin_lock(&spin) == 0 && CALL(pthread_spin_unlock)(&spin) == 0);
    RELEASES(&spin);
    GIVES(&spin);
}

/* ---- C11 ------------------------------------------------------------------------------------------------------------ */

static mtx_t mtx;

CASE(mtx_init)
{
    CHECK(CALL(mtx_init)(&mtx, mtx_timed) == thrd_success);
    WRITES(&mtx, sizeof mtx);
    FORGETS(&mtx);
}

CASE(mtx_destroy)
{
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success);
    from_here();
    CALL(mtx_destroy)(&mtx);
    WRITES(&mtx, sizeof mtx);
    FORGETS(&mtx);
}

CASE(mtx_lock)
{
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success && CALL(mtx_lock)(&mtx) == thrd_success);
    held(&mtx);
}

CASE(mtx_trylock)
{
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success && CALL(mtx_trylock)(&mtx) == thrd_success);
    held(&mtx);
    CHECK(CALL(mtx_trylock)(&mtx) == thrd_busy);
}

CASE(mtx_timedlock)
{
    struct timespec wall = until(CLOCK_REALTIME);
    CHECK(mtx_init(&mtx, mtx_timed) == thrd_success && CALL(mtx_timedlock)(&mtx, &wall) == thrd_success);
    held(&mtx);
}

CASE(mtx_unlock)
{
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success && mtx_lock(&mtx) == thrd_success);
    CHECK(CALL(mtx_unlock)(&mtx) == thrd_success);
    RELEASES(&mtx);
    GIVES(&mtx);
}
