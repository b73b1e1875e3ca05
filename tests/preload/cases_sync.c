/* Condition variables, barriers, once and futexes: what they order, and what they do not. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <threads.h>

#include "cases.h"

static struct schedule s;
static int x;

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static mtx_t mtx;
static cnd_t cnd;
static struct timespec realtime, monotonic;

static void lock(void)
{
    OK(pthread_mutex_lock(&m));
}
static void unlock(void)
{
    OK(pthread_mutex_unlock(&m));
}
static void c11_lock(void)
{
    CHECK(mtx_lock(&mtx) == thrd_success);
}
static void c11_unlock(void)
{
    CHECK(mtx_unlock(&mtx) == thrd_success);
}

/* ---- condition variables: the waiter is asleep when x is written ------------------------------------------------- */

static int waiting, said;
static int (*wait_once)(void);

static void *waiter(void *arg)
{
    lock();
    waiting = 1;
    while (!said)
        OK(wait_once());
    x++;
    unlock();
    return arg;
}
static void wait_with(int (*how)(void))
{
    pthread_t t;
    realtime = far_future(CLOCK_REALTIME);
    monotonic = far_future(CLOCK_MONOTONIC);
    wait_once = how;
    OK(pthread_create(&t, NULL, waiter, NULL));
    for (int asleep = 0; !asleep;) {
        lock();
        asleep = waiting;
        unlock();
    }
    lock();
    x++;
    said = 1;
    OK(pthread_cond_signal(&c));
    unlock();
    OK(pthread_join(t, NULL));
}
static int cond_wait(void)
{
    return pthread_cond_wait(&c, &m);
}
static int cond_timedwait(void)
{
    return pthread_cond_timedwait(&c, &m, &realtime);
}
static int cond_clockwait(void)
{
    return pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &monotonic);
}
static void norace_cond_wait(void)
{
    wait_with(cond_wait);
}
static void norace_cond_timedwait(void)
{
    wait_with(cond_timedwait);
}
static void norace_cond_clockwait(void)
{
    wait_with(cond_clockwait);
}

static int c11_waiter(void *arg)
{
    c11_lock();
    waiting = 1;
    while (!said)
        CHECK((arg ? cnd_timedwait(&cnd, &mtx, &realtime) : cnd_wait(&cnd, &mtx)) == thrd_success);
    x++;
    c11_unlock();
    return 0;
}
static void c11_wait(void *timed)
{
    thrd_t t;
    realtime = far_future(CLOCK_REALTIME);
    CHECK(mtx_init(&mtx, mtx_plain) == thrd_success && cnd_init(&cnd) == thrd_success);
    CHECK(thrd_create(&t, c11_waiter, timed) == thrd_success);
    for (int asleep = 0; !asleep;) {
        c11_lock();
        asleep = waiting;
        c11_unlock();
    }
    c11_lock();
    x++;
    said = 1;
    CHECK(cnd_signal(&cnd) == thrd_success);
    c11_unlock();
    CHECK(thrd_join(t, NULL) == thrd_success);
    cnd_destroy(&cnd);
}
static void norace_cnd_wait(void)
{
    c11_wait(NULL);
}
static void norace_cnd_timedwait(void)
{
    c11_wait(&x);
}

/* The wait times out; x was written before it, under the mutex, which it gave up and got again. */
static void *writes_under_lock(void *arg)
{
    lock();
    x++;
    unlock();
    step(&s, 1);
    return arg;
}
static void norace_cond_timeout(void)
{
    pthread_t t;
    struct timespec soon;
    lock();
    OK(pthread_create(&t, NULL, writes_under_lock, NULL));
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec = 999999999;
    while (pthread_cond_timedwait(&c, &m, &soon) == 0 || __atomic_load_n(&s.done, __ATOMIC_RELAXED) == 0)
        clock_gettime(CLOCK_REALTIME, &soon);
    x++;
    unlock();
    OK(pthread_join(t, NULL));
}

/* The signal itself orders nothing: x is written after the mutex was given up. */
static void *reads_after_wait(void *arg)
{
    lock();
    waiting = 1;
    while (!said)
        OK(pthread_cond_wait(&c, &m));
    unlock();
    await(&s, 1);
    x++;
    return arg;
}
static void race_signal_is_no_edge(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, reads_after_wait, NULL));
    for (int asleep = 0; !asleep;) {
        lock();
        asleep = waiting;
        unlock();
    }
    lock();
    said = 1;
    unlock();
    x++;
    OK(pthread_cond_broadcast(&c));
    step(&s, 1);
    OK(pthread_join(t, NULL));
}

/* A wait gives a recursive mutex up once. Who holds it twice keeps it, and needs nobody but the one who signals, who need not have it. */
static pthread_mutex_t twice = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static atomic_bool woken;

static void *waits_holding_twice(void *arg)
{
    OK(pthread_mutex_lock(&twice));
    OK(pthread_mutex_lock(&twice));
    OK(pthread_cond_wait(&c, &twice));
    atomic_store(&woken, true);
    OK(pthread_mutex_unlock(&twice));
    OK(pthread_mutex_unlock(&twice));
    return arg;
}

static void norace_wait_holding_twice(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, waits_holding_twice, NULL));
    while (!atomic_load(&woken))
        OK(pthread_cond_signal(&c));
    OK(pthread_join(t, NULL));
}

/* A mutex that checks refuses the wait of who does not hold it. */
static void norace_wait_that_is_refused(void)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t checks;
    OK(pthread_mutexattr_init(&attr));
    OK(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK));
    OK(pthread_mutex_init(&checks, &attr));
    CHECK(pthread_cond_wait(&c, &checks) == EPERM);
    OK(pthread_mutex_lock(&checks));
    OK(pthread_mutex_unlock(&checks));
}

/* ---- barriers ---------------------------------------------------------------------------------------------------- */

static int part[3];
static void *meets(void *arg)
{
    int mine = (int)(intptr_t)arg;
    for (int round = 0; round < 50; round++) {
        part[mine]++;
        int result = pthread_barrier_wait(&barrier);
        CHECK(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
        CHECK(part[0] + part[1] + part[2] == 3 * (round + 1));
        result = pthread_barrier_wait(&barrier);
        CHECK(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
    }
    return arg;
}
static void norace_barrier_rounds(void)
{
    pthread_t t[3];
    OK(pthread_barrier_init(&barrier, NULL, 3));
    for (int i = 0; i < 3; i++)
        OK(pthread_create(&t[i], NULL, meets, (void *)(intptr_t)i));
    for (int i = 0; i < 3; i++)
        OK(pthread_join(t[i], NULL));
    OK(pthread_barrier_destroy(&barrier));
}

static void *meets_then_writes(void *arg)
{
    pthread_barrier_wait(&barrier);
    x++;
    step(&s, 1);
    return arg;
}
static void race_after_barrier(void)
{
    pthread_t t;
    OK(pthread_barrier_init(&barrier, NULL, 2));
    OK(pthread_create(&t, NULL, meets_then_writes, NULL));
    pthread_barrier_wait(&barrier);
    await(&s, 1);
    x++;
    OK(pthread_join(t, NULL));
}

/* Six threads at a barrier for two: libc decides who goes with whom. */
static void *meets_anybody(void *arg)
{
    int result = pthread_barrier_wait(&barrier);
    CHECK(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
    lock();
    x++;
    unlock();
    return arg;
}
static void norace_crowded_barrier(void)
{
    pthread_t t[6];
    OK(pthread_barrier_init(&barrier, NULL, 2));
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 6; i++)
            OK(pthread_create(&t[i], NULL, meets_anybody, NULL));
        for (int i = 0; i < 6; i++)
            OK(pthread_join(t[i], NULL));
    }
    CHECK(x == 180);
}

/* ---- once -------------------------------------------------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT, inner_once = PTHREAD_ONCE_INIT;
static once_flag c11_once = ONCE_FLAG_INIT;
static void inner(void)
{
    x++;
}
static void initialise(void)
{
    OK(pthread_once(&inner_once, inner));
    x++;
}
static void run_once(void)
{
    OK(pthread_once(&once, initialise));
}
static void run_inner_once(void)
{
    OK(pthread_once(&inner_once, inner));
}
static void c11_run_once(void)
{
    call_once(&c11_once, initialise);
}

static void (*first_run)(void);
static void *first_once(void *arg)
{
    first_run();
    step(&s, 1);
    return arg;
}
static void once_with(void (*run)(void))
{
    pthread_t t;
    first_run = run;
    OK(pthread_create(&t, NULL, first_once, NULL));
    await(&s, 1);
    run();
    x++;
    CHECK(x == 3);
    OK(pthread_join(t, NULL));
}
static void norace_once(void)
{
    once_with(run_once);
}
static void norace_call_once(void)
{
    once_with(c11_run_once);
}
/* Another flag says nothing of this one, nor of what came after the inner initialisation. */
static void race_other_once(void)
{
    pthread_t t;
    first_run = run_once;
    OK(pthread_create(&t, NULL, first_once, NULL));
    await(&s, 1);
    run_inner_once();
    x++;
    OK(pthread_join(t, NULL));
}

/* ---- futex ------------------------------------------------------------------------------------------------------- */

static int word;
static void *sleeps(void *arg)
{
    step(&s, 1);
    while (syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0) != 0)
        ;
    x++;
    return arg;
}
static void norace_futex_wake(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, sleeps, NULL));
    await(&s, 1);
    x++;
    while (syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
        usleep(100);
    OK(pthread_join(t, NULL));
}

#define CASES(X) \
    X(norace_cond_wait) \
    X(norace_cond_timedwait) \
    X(norace_cond_clockwait) \
    X(norace_cnd_wait) \
    X(norace_cnd_timedwait) \
    X(norace_cond_timeout) \
    X(race_signal_is_no_edge) \
    X(norace_wait_holding_twice) X(norace_wait_that_is_refused) \
    X(norace_barrier_rounds) \
    X(race_after_barrier) \
    X(norace_crowded_barrier) \
    X(norace_once) \
    X(norace_call_once) \
    X(race_other_once) \
    X(norace_futex_wake)
CASES_MAIN
