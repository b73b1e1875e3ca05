/* Goroutines that never call the runtime share their P all the same; blocking calls do not hold it. */
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
        cmocka_unit_test(test_hogs),           cmocka_unit_test(test_hogs_in_malloc),
        cmocka_unit_test(test_hogs_in_printf), cmocka_unit_test(test_blocking),
        cmocka_unit_test(test_blocking_short), cmocka_unit_test(test_pin),
        cmocka_unit_test(test_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
