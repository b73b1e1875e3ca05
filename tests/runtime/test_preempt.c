/* Goroutines that never call the runtime share their P all the same; blocking calls do not hold it. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

enum { HOGS = 12, SHIFTS = 3 };

static volatile int stop;
static int seen[HOGS], ended;

/* Computes until every hog has been seen to run SHIFTS times after another one had. */
static volatile int last = -1;

static void shift(int id)
{
    if (last != id) {
        last = id;
        __atomic_add_fetch(&seen[id], 1, __ATOMIC_RELAXED);
    }
}

static void hog(int id)
{
    while (!stop)
        shift(id);
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

static void hog_malloc(int id)
{
    while (!stop) {
        void *memory[16];
        shift(id);
        for (int i = 0; i < 16; i++)
            memory[i] = malloc(16u << i);
        for (int i = 0; i < 16; i++)
            free(memory[i]);
    }
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

/* A file each: a goroutine that waits for another's FILE lock blocks its thread, until it is preempted there. */
static void hog_printf(int id)
{
    FILE *file = fopen("/dev/null", "w");
    while (!stop) {
        shift(id);
        fprintf(file, "%d %f\n", id, id * 1.5);
    }
    fclose(file);
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

static int slowest(void)
{
    int least = seen[0];
    for (int i = 0; i < HOGS; i++)
        least = __atomic_load_n(&seen[i], __ATOMIC_RELAXED) < least ? seen[i] : least;
    return least;
}

static void begin(void)
{
    stop = 0;
    ended = 0;
    memset(seen, 0, sizeof seen);
}

static void finish(void)
{
    while (slowest() < SHIFTS)
        goro_yield();
    stop = 1;
    while (__atomic_load_n(&ended, __ATOMIC_RELAXED) < HOGS)
        goro_yield();
}

GORO_TEST(test_hogs)
{
    begin();
    for (int i = 0; i < HOGS; i++)
        goro_go(hog, i);
    finish();
}

GORO_TEST(test_hogs_in_malloc)
{
    begin();
    for (int i = 0; i < HOGS; i++)
        goro_go(hog_malloc, i);
    finish();
}

GORO_TEST(test_hogs_in_printf)
{
    begin();
    for (int i = 0; i < HOGS; i++)
        goro_go(hog_printf, i);
    finish();
}

/* The lock of an allocator as a preempting runtime has to fear it: a goroutine is frozen with it, whoever makes a thread needs it, and so
 * do threads that begin (AddressSanitizer's allocate then). */
static pthread_mutex_t allocator = PTHREAD_MUTEX_INITIALIZER;
static int threads_allocate, waiters;

static void allocate(void)
{
    pthread_mutex_lock(&allocator);
    pthread_mutex_unlock(&allocator);
}

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
/* AddressSanitizer has to see how threads are made, and its own allocate anyway. */
#if !defined __SANITIZE_ADDRESS__ && !__has_feature(address_sanitizer)
struct begin {
    void *(*start)(void *arg);
    void *arg;
};

static void *begin_thread(void *arg)
{
    struct begin begin = *(struct begin *)arg;
    free(arg);
    if (__atomic_load_n(&threads_allocate, __ATOMIC_ACQUIRE))
        allocate();
    return begin.start(begin.arg);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg)
{
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    struct begin *begin = malloc(sizeof *begin);
    *begin = (struct begin){start, arg};
    if (__atomic_load_n(&threads_allocate, __ATOMIC_ACQUIRE))
        allocate();
    return create(thread, attributes, begin_thread, begin);
}
#endif

static int met[2];

static void meet(int me)
{
    __atomic_store_n(&met[me], 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&met[1 - me], __ATOMIC_ACQUIRE))
        ;
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

/* There is one P: who sees another has been frozen. */
static void hold(void)
{
    pthread_mutex_lock(&allocator);
    __atomic_store_n(&threads_allocate, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&waiters, __ATOMIC_ACQUIRE) == 0)
        ;
    pthread_mutex_unlock(&allocator);
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

static void wait_for_holder(void)
{
    __atomic_add_fetch(&waiters, 1, __ATOMIC_RELEASE);
    allocate();
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

static void until_ended(int count)
{
    while (__atomic_load_n(&ended, __ATOMIC_RELAXED) < count)
        goro_yield();
}

/* More goroutines than there are Ms in stock wait for a frozen one, and so do all Ms that are made meanwhile, and their maker. */
GORO_TEST(test_frozen_with_a_lock)
{
    enum { WAITERS = 24 };
    int before = goro_gomaxprocs(1);
    ended = 0;
    goro_go(meet, 0);
    goro_go(meet, 1);
    until_ended(2);
    goro_go(hold);
    while (!__atomic_load_n(&threads_allocate, __ATOMIC_ACQUIRE))
        goro_yield();
    for (int i = 0; i < WAITERS; i++)
        goro_go(wait_for_holder);
    until_ended(2 + 1 + WAITERS);
    threads_allocate = 0;
    goro_gomaxprocs(before);
}

static int pipes[2];

static long read_pipe(void *buffer)
{
    return read(pipes[0], buffer, 1);
}

static void reader(char *buffer)
{
    CHECK_EQ(goro_blocking(read_pipe, buffer), 1);
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

/* More readers than Ps wait in read(2), while their writer runs. */
GORO_TEST(test_blocking)
{
    char buffers[20] = {0};
    ended = 0;
    CHECK_EQ(pipe(pipes), 0);
    for (int i = 0; i < 20; i++)
        goro_go(reader, &buffers[i]);
    for (int i = 0; i < 20; i++) {
        goro_yield();
        CHECK_EQ(write(pipes[1], "x", 1), 1);
    }
    while (__atomic_load_n(&ended, __ATOMIC_RELAXED) < 20)
        goro_yield();
    for (int i = 0; i < 20; i++)
        CHECK_EQ(buffers[i], 'x');
    close(pipes[0]);
    close(pipes[1]);
}

/* Very short calls: the P is kept. */
static long nothing(void *arg)
{
    return (long)arg;
}

GORO_TEST(test_blocking_short)
{
    for (long i = 0; i < 100000; i++)
        CHECK_EQ(goro_blocking(nothing, (void *)i), i);
}

static void pinned(int times)
{
    goro_pin();
    pthread_t thread = pthread_self();
    for (int i = 0; i < times; i++) {
        goro_yield();
        CHECK(pthread_equal(thread, pthread_self()));
        goro_blocking(nothing, NULL);
        CHECK(pthread_equal(thread, pthread_self()));
    }
    goro_unpin();
    __atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

GORO_TEST(test_pin)
{
    ended = 0;
    for (int i = 0; i < 10; i++)
        goro_go(pinned, 200);
    while (__atomic_load_n(&ended, __ATOMIC_RELAXED) < 10)
        goro_yield();
}

static void endless(void)
{
    for (;;)
        shift(0);
}

static int closed[2];

static long wait_for_ever(void *arg)
{
    char byte;
    return read(closed[0], arg ? arg : &byte, 1);
}

static void stuck(void)
{
    goro_blocking(wait_for_ever, NULL);
}

/* Neither a goroutine that computes for ever nor one in an endless call keeps goro_run from returning. */
static int leave_behind(void *arg)
{
    (void)arg;
    goro_go(stuck);
    goro_go(endless);
    for (int i = 0; i < 10; i++)
        goro_yield();
    return 3;
}

static void test_left_behind(void **state)
{
    (void)state;
    assert_int_equal(pipe(closed), 0);
    assert_int_equal(goro_run(leave_behind, NULL), 3);
    assert_int_equal(goro_run(leave_behind, NULL), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hogs),
        cmocka_unit_test(test_hogs_in_malloc),
        cmocka_unit_test(test_hogs_in_printf),
        cmocka_unit_test(test_frozen_with_a_lock),
        cmocka_unit_test(test_blocking),
        cmocka_unit_test(test_blocking_short),
        cmocka_unit_test(test_pin),
        cmocka_unit_test(test_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
