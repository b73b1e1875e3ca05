/* Waiting for others: condition variables, semaphores, barriers, one-time initialisation. */
#include "engage.h"

static struct timespec soon(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    if ((t.tv_nsec += 1000000) >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

/* ---- condition variables: the mutex is given up, and got back ---------------------------------------------------------- */

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int ready;

static void regained(void *mutex)
{
    RELEASES(mutex);
    GIVES(mutex);
    ACQUIRES(mutex);
    GETS(mutex);
}

CASE(pthread_cond_init)
{
    CHECK(CALL(pthread_cond_init)(&c, NULL) == 0);
    WRITES(&c, sizeof c);
}

CASE(pthread_cond_destroy)
{
    CHECK(CALL(pthread_cond_destroy)(&c) == 0);
    WRITES(&c, sizeof c);
}

static int (*wake)(pthread_cond_t *);

static void *waker(void *arg)
{
    pthread_mutex_lock(&m);
    ready = 1;
    wake(&c);
    pthread_mutex_unlock(&m);
    return arg;
}

static void wakes(int (*how)(pthread_cond_t *), int (*wait)(pthread_cond_t *, pthread_mutex_t *))
{
    pthread_t t;
    wake = how;
    pthread_mutex_lock(&m);
    CHECK(pthread_create(&t, NULL, waker, NULL) == 0);
    from_here();
    while (!ready)
        CHECK(wait(&c, &m) == 0);
    regained(&m);
    pthread_mutex_unlock(&m);
    CHECK(pthread_join(t, NULL) == 0);
}

CASE(pthread_cond_signal)
{
    wakes(CALL(pthread_cond_signal), pthread_cond_wait);
}

CASE(pthread_cond_broadcast)
{
    wakes(CALL(pthread_cond_broadcast), pthread_cond_wait);
}

CASE(pthread_cond_wait)
{
    wakes(pthread_cond_signal, CALL(pthread_cond_wait));
}

CASE(pthread_cond_timedwait)
{
    struct timespec t = soon(CLOCK_REALTIME);
    pthread_mutex_lock(&m);
    CHECK(CALL(pthread_cond_timedwait)(&c, &m, &t) == ETIMEDOUT);
    regained(&m);
}

CASE(pthread_cond_clockwait)
{
    struct timespec t = soon(CLOCK_MONOTONIC);
    pthread_mutex_lock(&m);
    CHECK(CALL(pthread_cond_clockwait)(&c, &m, CLOCK_MONOTONIC, &t) == ETIMEDOUT);
    regained(&m);
}

static mtx_t mtx;
static cnd_t cnd;

CASE(cnd_init)
{
    CHECK(CALL(cnd_init)(&cnd) == thrd_success);
    WRITES(&cnd, sizeof cnd);
}

CASE(cnd_destroy)
{
    CHECK(cnd_init(&cnd) == thrd_success);
    from_here();
    CALL(cnd_destroy)(&cnd);
    WRITES(&cnd, sizeof cnd);
}

static int (*cnd_wake)(cnd_t *);

static int signaller(void *arg)
{
    mtx_lock(&mtx);
    ready = 1;
    cnd_wake(&cnd);
    mtx_unlock(&mtx);
    return arg != NULL;
}

static void cnd_wakes(int (*how)(cnd_t *), int (*wait)(cnd_t *, mtx_t *))
{
    thrd_t t;
    cnd_wake = how;
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success && cnd_init(&cnd) == thrd_success);
    mtx_lock(&mtx);
    CHECK(thrd_create(&t, signaller, NULL) == thrd_success);
    from_here();
    while (!ready)
        CHECK(wait(&cnd, &mtx) == thrd_success);
    regained(&mtx);
    mtx_unlock(&mtx);
    CHECK(thrd_join(t, NULL) == thrd_success);
}

CASE(cnd_signal)
{
    cnd_wakes(CALL(cnd_signal), cnd_wait);
}

CASE(cnd_broadcast)
{
    cnd_wakes(CALL(cnd_broadcast), cnd_wait);
}

CASE(cnd_wait)
{
    cnd_wakes(cnd_signal, CALL(cnd_wait));
}

CASE(cnd_timedwait)
{
    struct timespec t = soon(CLOCK_REALTIME);
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success && cnd_init(&cnd) == thrd_success);
    mtx_lock(&mtx);
    CHECK(CALL(cnd_timedwait)(&cnd, &mtx, &t) == thrd_timedout);
    regained(&mtx);
}

/* ---- semaphores -------------------------------------------------------------------------------------------------------- */

static sem_t sem;

CASE(sem_init)
{
    CHECK(CALL(sem_init)(&sem, 0, 1) == 0 && sem_trywait(&sem) == 0);
    WRITES(&sem, sizeof sem);
    FORGETS(&sem);
}

CASE(sem_destroy)
{
    sem_init(&sem, 0, 1);
    from_here();
    CHECK(CALL(sem_destroy)(&sem) == 0);
    WRITES(&sem, sizeof sem);
    FORGETS(&sem);
}

CASE(sem_post)
{
    CHECK(sem_init(&sem, 0, 0) == 0 && CALL(sem_post)(&sem) == 0 && sem_trywait(&sem) == 0);
    MERGES(&sem);
}

#define TAKES(name, ...) \
    CASE(name) \
    { \
        struct timespec t = {.tv_sec = 1 << 30}; \
        (void)t; \
        sem_init(&sem, 0, 1); \
        CHECK(CALL(name)(&sem, ##__VA_ARGS__) == 0); \
        ACQUIRES(&sem); \
        CHECK(sem_trywait(&sem) == -1 && errno == EAGAIN); \
    }

TAKES(sem_wait)
TAKES(sem_trywait)
TAKES(sem_timedwait, &t)
TAKES(sem_clockwait, CLOCK_MONOTONIC, &t)

CASE(sem_getvalue)
{
    sem_t s;
    int value = -1;
    CHECK(sem_init(&s, 0, 3) == 0 && CALL(sem_getvalue)(&s, &value) == 0 && value == 3);
    WRITES(&value, sizeof value);
}

/* ---- barriers ------------------------------------------------------------------------------------------------------------ */

static pthread_barrier_t barrier;

CASE(pthread_barrier_init)
{
    CHECK(CALL(pthread_barrier_init)(&barrier, NULL, 1) == 0);
    WRITES(&barrier, sizeof barrier);
}

CASE(pthread_barrier_destroy)
{
    pthread_barrier_init(&barrier, NULL, 1);
    from_here();
    CHECK(CALL(pthread_barrier_destroy)(&barrier) == 0);
    WRITES(&barrier, sizeof barrier);
}

CASE(pthread_barrier_wait)
{
    pthread_barrier_init(&barrier, NULL, 1);
    CHECK(CALL(pthread_barrier_wait)(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
    EDGE();
}

/* ---- once ------------------------------------------------------------------------------------------------------------------ */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static once_flag flag = ONCE_FLAG_INIT;
static int times_run;

static void run_once(void)
{
    times_run++;
}

CASE(pthread_once)
{
    CHECK(CALL(pthread_once)(&once, run_once) == 0 && CALL(pthread_once)(&once, run_once) == 0 && times_run == 1);
    RELEASES(&once);
    ACQUIRES(&once);
}

CASE(call_once)
{
    CALL(call_once)(&flag, run_once);
    CALL(call_once)(&flag, run_once);
    CHECK(times_run == 1);
    RELEASES(&flag);
    ACQUIRES(&flag);
}

static int64_t guard;

CASE(__cxa_guard_acquire)
{
    CHECK(CALL(__cxa_guard_acquire)(&guard) == 1);
    ACQUIRES(&guard);
}

CASE(__cxa_guard_release)
{
    CHECK(CALL(__cxa_guard_acquire)(&guard) == 1);
    CALL(__cxa_guard_release)(&guard);
    RELEASES(&guard);
    CHECK(CALL(__cxa_guard_acquire)(&guard) == 0);
}

CASE(__cxa_guard_abort)
{
    CHECK(CALL(__cxa_guard_acquire)(&guard) == 1);
    CALL(__cxa_guard_abort)(&guard);
    CHECK(CALL(__cxa_guard_acquire)(&guard) == 1);
}
