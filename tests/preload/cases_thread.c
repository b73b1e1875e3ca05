/* Birth, end, join, cancellation and names of threads. */
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>

#include "cases.h"

static struct schedule s;
static int x;

static void *write_x(void *arg)
{
    x++;
    return arg;
}

static void norace_create_join(void)
{
    pthread_t t;
    void *value;
    x = 1;
    OK(pthread_create(&t, NULL, write_x, &x));
    OK(pthread_join(t, &value));
    CHECK(value == &x && x == 2);
}

static void *write_x_step(void *arg)
{
    await(&s, 1);
    x = 2;
    step(&s, 2);
    return arg;
}

static void race_creator_goes_on(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, write_x_step, NULL));
    x = 1;
    step(&s, 1);
    await(&s, 2);
    OK(pthread_join(t, NULL));
}

static void norace_joins(void)
{
    pthread_t t;
    struct timespec realtime = far_future(CLOCK_REALTIME), monotonic = far_future(CLOCK_MONOTONIC);
    OK(pthread_create(&t, NULL, write_x, NULL));
    OK(pthread_timedjoin_np(t, NULL, &realtime));
    x++;
    OK(pthread_create(&t, NULL, write_x, NULL));
    OK(pthread_clockjoin_np(t, NULL, CLOCK_MONOTONIC, &monotonic));
    x++;
    OK(pthread_create(&t, NULL, write_x, NULL));
    int result;
    while ((result = pthread_tryjoin_np(t, NULL)) == EBUSY)
        usleep(1000);
    OK(result);
    x++;
}

/* A join that failed orders nothing. */
static void *hold(void *arg)
{
    x = 1;
    step(&s, 1);
    await(&s, 2);
    return arg;
}

static void race_timedjoin_timeout(void)
{
    pthread_t t;
    struct timespec past = {0, 0};
    OK(pthread_create(&t, NULL, hold, NULL));
    await(&s, 1);
    CHECK(pthread_timedjoin_np(t, NULL, &past) == ETIMEDOUT);
    CHECK(pthread_tryjoin_np(t, NULL) == EBUSY);
    x = 2;
    step(&s, 2);
    OK(pthread_join(t, NULL));
}

static void *exits(void *arg)
{
    x = 1;
    pthread_exit(arg);
}

static void norace_pthread_exit(void)
{
    pthread_t t;
    void *value;
    OK(pthread_create(&t, NULL, exits, &x));
    OK(pthread_join(t, &value));
    CHECK(value == &x);
    x = 2;
}

static void race_detached(void)
{
    pthread_t t;
    pthread_attr_t attr;
    OK(pthread_attr_init(&attr));
    OK(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
    OK(pthread_create(&t, &attr, write_x_step, NULL));
    x = 1;
    step(&s, 1);
    await(&s, 2);
}

static void norace_create_fails(void)
{
    pthread_t t;
    pthread_attr_t attr;
    x = 1;
    for (int detached = 0; detached < 2; detached++) {
        OK(pthread_attr_init(&attr));
        OK(pthread_attr_setdetachstate(&attr, detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE));
        OK(pthread_attr_setstacksize(&attr, (size_t)1 << 46));
        CHECK(pthread_create(&t, &attr, write_x, NULL) == EAGAIN);
    }
    OK(pthread_create(&t, NULL, write_x, NULL));
    OK(pthread_join(t, NULL));
    CHECK(x == 2);
}

static void *small(void *arg)
{
    char page[2048];
    memset(page, 1, sizeof page);
    x += page[arg ? 1 : 0];
    return arg;
}

static void norace_smallest_stack(void)
{
    pthread_t t;
    pthread_attr_t attr;
    OK(pthread_attr_init(&attr));
    OK(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN));
    OK(pthread_create(&t, &attr, small, NULL));
    OK(pthread_join(t, NULL));
    CHECK(x == 1);
}

/* The same stack and the same pthread_t again and again, given up in every way there is. */
static void *stack_user(void *arg)
{
    volatile int local[64];
    for (int i = 0; i < 64; i++)
        local[i] = i;
    (void)local;
    return arg;
}

static void norace_ids_come_again(void)
{
    pthread_t first = 0, t;
    int again = 0;
    for (int i = 0; i < 300; i++) {
        OK(pthread_create(&t, NULL, stack_user, NULL));
        again += t == first;
        first = t;
        if (i % 3 == 0) {
            OK(pthread_detach(t));
            usleep(300);
        } else {
            OK(pthread_join(t, NULL));
        }
    }
    CHECK(again > 0);
}

static pthread_key_t key;
static int rounds;
static void destroy(void *value)
{
    x++;
    if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS)
        OK(pthread_setspecific(key, value));
}

static void *sets_key(void *arg)
{
    OK(pthread_setspecific(key, &x));
    return arg;
}

static void norace_key_destructor(void)
{
    pthread_t t;
    OK(pthread_key_create(&key, destroy));
    OK(pthread_create(&t, NULL, sets_key, NULL));
    OK(pthread_join(t, NULL));
    x++;
    CHECK(x == PTHREAD_DESTRUCTOR_ITERATIONS + 1);
}

static void destroy_in_step(void *value)
{
    (void)value;
    await(&s, 1);
    x = 1;
    step(&s, 2);
}

static void race_key_destructor(void)
{
    pthread_t t;
    OK(pthread_key_create(&key, destroy_in_step));
    OK(pthread_create(&t, NULL, sets_key, NULL));
    x = 2;
    step(&s, 1);
    await(&s, 2);
    OK(pthread_join(t, NULL));
}

/* ---- cancellation ------------------------------------------------------------------------------------------------ */

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int waiting;

static void unlocks(void *arg)
{
    (void)arg;
    x++; /* the wait has got the mutex again */
    OK(pthread_mutex_unlock(&m));
}

static void *waits(void *arg)
{
    OK(pthread_mutex_lock(&m));
    pthread_cleanup_push(unlocks, NULL);
    waiting = 1;
    for (;;)
        pthread_cond_wait(&c, &m);
    pthread_cleanup_pop(1);
    return arg;
}

static void norace_cancel_cond_wait(void)
{
    pthread_t t;
    void *value;
    OK(pthread_create(&t, NULL, waits, NULL));
    for (int seen = 0; !seen;) {
        OK(pthread_mutex_lock(&m));
        seen = waiting;
        x = 1;
        OK(pthread_mutex_unlock(&m));
    }
    OK(pthread_cancel(t));
    OK(pthread_join(t, &value));
    CHECK(value == PTHREAD_CANCELED && x == 2);
}

static int told;
static void looks_and_unlocks(void *arg)
{
    CHECK(told == 1);
    unlocks(arg);
}
static void *waits_and_looks(void *arg)
{
    OK(pthread_mutex_lock(&m));
    pthread_cleanup_push(looks_and_unlocks, NULL);
    step(&s, 1);
    for (;;)
        pthread_cond_wait(&c, &m);
    pthread_cleanup_pop(1);
    return arg;
}
static void looks(void *arg)
{
    (void)arg;
    CHECK(told == 1);
}
static void *cancelled_with_key(void *arg)
{
    OK(pthread_setspecific(key, &x));
    return waits_and_looks(arg);
}

/* What the canceller did before is known to the cleanup handlers and destructors of the cancelled thread. */
static void norace_cancel_is_an_edge(void)
{
    pthread_t t;
    OK(pthread_key_create(&key, looks));
    OK(pthread_create(&t, NULL, cancelled_with_key, NULL));
    await(&s, 1);
    told = 1;
    OK(pthread_cancel(t));
    OK(pthread_join(t, NULL));
}

static sem_t nobody_posts;
static pthread_t endless;
static int no_data[2];
static void (*sleeps)(void);
static void in_pause(void)
{
    pause();
}
static void in_read(void)
{
    char byte;
    CHECK(read(no_data[0], &byte, 1) == 1);
}
static void in_sem_wait(void)
{
    OK(sem_wait(&nobody_posts));
}
static void in_join(void)
{
    OK(pthread_join(endless, NULL));
}
static void in_testcancel(void)
{
    for (;;)
        pthread_testcancel();
}
static void *waits_for_nobody(void *arg)
{
    in_sem_wait();
    return arg;
}
static void *sleeps_and_looks(void *arg)
{
    pthread_cleanup_push(looks, NULL);
    step(&s, 1);
    sleeps();
    pthread_cleanup_pop(0);
    return arg;
}

/* The same, in any other call that may be cancelled. */
static void norace_cancel_in_calls(void)
{
    static void (*const calls[])(void) = {in_pause, in_read, in_sem_wait, in_join, in_testcancel};
    OK(pipe(no_data));
    OK(sem_init(&nobody_posts, 0, 0));
    OK(pthread_create(&endless, NULL, waits_for_nobody, NULL));
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
        pthread_t t;
        s.done = 0;
        told = 0;
        sleeps = calls[k];
        OK(pthread_create(&t, NULL, sleeps_and_looks, NULL));
        await(&s, 1);
        told = 1;
        OK(pthread_cancel(t));
        OK(pthread_join(t, NULL));
    }
}

/* Asynchronously, in the midst of what the detector does: the others must be able to go on. */
enum { NUMBERS = 4096 };
static int shared[8];
static void looks_at(void *arg)
{
    (void)arg;
    CHECK(told > 0);
}
static void *works_for_ever(void *arg)
{
    volatile int *numbers = arg;
    pthread_cleanup_push(looks_at, NULL);
    OK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
    for (int i = 0;; i++) {
        numbers[i % NUMBERS] = i;
        __atomic_fetch_add(&shared[i % 8], 1, __ATOMIC_ACQ_REL);
        if (i == 100)
            step(&s, told);
    }
    pthread_cleanup_pop(1);
    return arg;
}
static void norace_cancel_asynchronous(void)
{
    enum { ROUNDS = 300 };
    for (int i = 1; i <= ROUNDS; i++) {
        pthread_t t;
        void *value;
        int *numbers = malloc(NUMBERS * sizeof *numbers);
        told = i;
        OK(pthread_create(&t, NULL, works_for_ever, numbers));
        await(&s, i);
        OK(pthread_cancel(t));
        OK(pthread_join(t, &value));
        CHECK(value == PTHREAD_CANCELED);
        free(numbers);
    }
}

/* The same for a thread that is not in the detector but asleep. */
static void *sleeps_for_ever(void *arg)
{
    OK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
    step(&s, 1);
    for (;;)
        __asm__ volatile("pause");
    return arg;
}
static void norace_cancel_asleep(void)
{
    pthread_t t;
    void *value;
    OK(pthread_create(&t, NULL, sleeps_for_ever, NULL));
    await(&s, 1);
    OK(pthread_cancel(t));
    OK(pthread_join(t, &value));
    CHECK(value == PTHREAD_CANCELED);
}

static void *joins_for_ever(void *arg)
{
    pthread_join(*(pthread_t *)arg, NULL);
    return arg;
}

/* A thread that is cancelled in pthread_join has not joined. */
static void race_cancel_in_join(void)
{
    static pthread_t t;
    pthread_t joiner;
    OK(pthread_create(&t, NULL, hold, NULL));
    OK(pthread_create(&joiner, NULL, joins_for_ever, &t));
    await(&s, 1);
    OK(pthread_cancel(joiner));
    OK(pthread_join(joiner, NULL));
    x = 2;
    step(&s, 2);
    OK(pthread_join(t, NULL));
}

/* The handlers of one that is cancelled in thrd_join know what was done before it was cancelled. */
static void look_at_x(void *arg)
{
    CHECK(x == 2);
    (void)arg;
}

static void *joins_c11_for_ever(void *arg)
{
    pthread_cleanup_push(look_at_x, NULL);
    thrd_join(*(thrd_t *)arg, NULL);
    pthread_cleanup_pop(0);
    return arg;
}

static int stays(void *arg)
{
    step(&s, 1);
    await(&s, 2);
    return arg != NULL;
}

static void norace_cancel_in_c11_join(void)
{
    static thrd_t t;
    pthread_t joiner;
    OK(thrd_create(&t, stays, NULL));
    OK(pthread_create(&joiner, NULL, joins_c11_for_ever, &t));
    await(&s, 1);
    x = 2;
    OK(pthread_cancel(joiner));
    OK(pthread_join(joiner, NULL));
    step(&s, 2);
    OK(thrd_join(t, NULL));
}

/* ---- the main thread --------------------------------------------------------------------------------------------- */

static void *joins_main(void *main_thread)
{
    OK(pthread_join(*(pthread_t *)main_thread, NULL));
    x++;
    CHECK(x == 2);
    exit(0);
}

static void norace_main_ends_first(void)
{
    static pthread_t self;
    pthread_t t;
    self = pthread_self();
    OK(pthread_create(&t, NULL, joins_main, &self));
    x = 1;
    pthread_exit(NULL);
}

static void *outlives_main(void *arg)
{
    (void)arg;
    await(&s, 1);
    x = 2;
    exit(0);
}

static void race_main_ends_first(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, outlives_main, NULL));
    OK(pthread_detach(t));
    x = 1;
    step(&s, 1);
    pthread_exit(NULL);
}

static void *never_ends(void *arg)
{
    step(&s, 1);
    for (;;)
        pause();
    return arg;
}

static void norace_exit_while_threads_run(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, never_ends, NULL));
    await(&s, 1);
    exit(0);
}

/* ---- C11 --------------------------------------------------------------------------------------------------------- */

static int write_x_c11(void *arg)
{
    x++;
    thrd_exit(*(int *)arg);
}

static void norace_c11_join(void)
{
    thrd_t t;
    int seven = 7, value;
    x = 1;
    CHECK(thrd_create(&t, write_x_c11, &seven) == thrd_success);
    CHECK(thrd_join(t, &value) == thrd_success && value == 7);
    x++;
    CHECK(x == 3);
}

static int write_x_c11_step(void *arg)
{
    await(&s, 1);
    x = 2;
    step(&s, 2);
    (void)arg;
    return 0;
}

static void race_c11_detached(void)
{
    thrd_t t;
    CHECK(thrd_create(&t, write_x_c11_step, NULL) == thrd_success);
    CHECK(thrd_detach(t) == thrd_success);
    x = 1;
    step(&s, 1);
    await(&s, 2);
}

static void norace_c11_tss(void)
{
    thrd_t t;
    tss_t tss;
    CHECK(tss_create(&tss, destroy) == thrd_success);
    key = tss;
    CHECK(thrd_create(&t, (thrd_start_t)(void *)sets_key, NULL) == thrd_success);
    CHECK(thrd_join(t, NULL) == thrd_success);
    x++;
}

static int has_mask(void *arg)
{
    sigset_t mask;
    OK(pthread_sigmask(SIG_SETMASK, NULL, &mask));
    CHECK(sigismember(&mask, SIGUSR1) == 0 && sigismember(&mask, SIGUSR2) == 1);
    (void)arg;
    return 0;
}

/* The mask of threads that are created without attributes may be in the usual ones. */
static void norace_usual_mask(void)
{
    pthread_attr_t attr;
    pthread_t t;
    thrd_t c11;
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    OK(pthread_sigmask(SIG_BLOCK, &mask, NULL));
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    OK(pthread_getattr_default_np(&attr));
    OK(pthread_attr_setsigmask_np(&attr, &mask));
    OK(pthread_setattr_default_np(&attr));
    OK(pthread_create(&t, NULL, (void *(*)(void *))(void *)has_mask, NULL));
    OK(pthread_join(t, NULL));
    CHECK(thrd_create(&c11, has_mask, NULL) == thrd_success);
    CHECK(thrd_join(c11, NULL) == thrd_success);
}

/* A key that was never made is refused as ever: it is none of ours. */
static void norace_key_never_made(void)
{
    static pthread_key_t never;
    CHECK(pthread_setspecific(never, &x) == EINVAL);
}

/* On a stack that the program brings along, whose end is that of a page which nobody may touch. */
static pthread_t on_own_stack(void *(*run)(void *))
{
    const size_t page = 4096;
    char *memory = mmap(NULL, page + PTHREAD_STACK_MIN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attr;
    pthread_t t;
    CHECK(memory != MAP_FAILED);
    OK(mprotect(memory + page, PTHREAD_STACK_MIN, PROT_READ | PROT_WRITE));
    OK(pthread_attr_init(&attr));
    OK(pthread_attr_setstack(&attr, memory + page, PTHREAD_STACK_MIN));
    OK(pthread_create(&t, &attr, run, NULL));
    return t;
}

static void *allocates_and_locks(void *arg)
{
    static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    OK(pthread_mutex_lock(&m));
    char *p = malloc(100);
    memset(p, 1, 100);
    free(p);
    OK(pthread_mutex_unlock(&m));
    return write_x(arg);
}

static void norace_own_smallest_stack(void)
{
    OK(pthread_join(on_own_stack(allocates_and_locks), NULL));
    CHECK(x == 1);
}

static void race_own_smallest_stack(void)
{
    const pthread_t t = on_own_stack(write_x_step);
    x = 1;
    step(&s, 1);
    await(&s, 2);
    OK(pthread_join(t, NULL));
}

/* What libc has in a mutex is what it would have without the detector: its holder, and how many use it. */
static pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER;
static void check_held(pid_t by)
{
    CHECK(normal.__data.__lock == (by ? 1 : 0));
    CHECK(normal.__data.__owner == by);
    CHECK(normal.__data.__nusers == (by ? 1U : 0));
}
static void check_taken_by(pid_t who)
{
    for (int i = 0; i < 3; i++) { /* of a thread's first one libc is asked */
        OK(pthread_mutex_lock(&normal));
        check_held(who);
        OK(pthread_mutex_unlock(&normal));
        check_held(0);
        OK(pthread_mutex_trylock(&normal));
        check_held(who);
        OK(pthread_mutex_unlock(&normal));
        check_held(0);
    }
}
static void *takes(void *arg)
{
    check_taken_by((pid_t)syscall(SYS_gettid));
    return arg;
}
static void norace_mutex_as_libc_has_it(void)
{
    pthread_t thread;
    int status;
    check_taken_by(getpid());
    OK(pthread_create(&thread, NULL, takes, NULL));
    OK(pthread_join(thread, NULL));
    const pid_t child = fork();
    if (child == 0) {
        check_taken_by(getpid());
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    check_taken_by(getpid());
    OK(pthread_mutex_destroy(&normal));
}

#define CASES(X) \
    X(norace_mutex_as_libc_has_it) \
    X(norace_create_join) \
    X(race_creator_goes_on) \
    X(norace_joins) \
    X(race_timedjoin_timeout) \
    X(norace_pthread_exit) \
    X(race_detached) \
    X(norace_create_fails) \
    X(norace_smallest_stack) \
    X(norace_ids_come_again) \
    X(norace_key_destructor) \
    X(race_key_destructor) \
    X(norace_cancel_cond_wait) \
    X(norace_cancel_is_an_edge) \
    X(norace_cancel_in_calls) \
    X(norace_cancel_asynchronous) \
    X(norace_cancel_asleep) \
    X(race_cancel_in_join) X(norace_cancel_in_c11_join) \
    X(norace_main_ends_first) \
    X(race_main_ends_first) \
    X(norace_exit_while_threads_run) \
    X(norace_c11_join) \
    X(race_c11_detached) \
    X(norace_c11_tss) \
    X(norace_usual_mask) \
    X(norace_key_never_made) \
    X(norace_own_smallest_stack) \
    X(race_own_smallest_stack)
CASES_MAIN
