/* Runs the body of a cmocka test as the main goroutine: goro_run_test(body) where `body` is a void (void) function.
 *
 * cmocka's assertions leave by longjmp on the stack of the thread, so they must not be used inside of goroutines: use
 * CHECK, which prints and counts; the test fails afterwards if anything was counted. */
#ifndef TESTS_RUNTIME_RUN_H
#define TESTS_RUNTIME_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>
#include <goro/goro.h>

static int check_failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            __atomic_add_fetch(&check_failures, 1, __ATOMIC_RELAXED); \
        } \
    } while (0)
#define CHECK_EQ(got, want) \
    do { \
        long long check_got = (long long)(got), check_want = (long long)(want); \
        if (check_got != check_want) { \
            fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got, check_got, check_want); \
            __atomic_add_fetch(&check_failures, 1, __ATOMIC_RELAXED); \
        } \
    } while (0)

/* Nanoseconds of CPU time of this process: what a loaded machine does not stretch, to compare two parts of one test. */
static inline int64_t cpu_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int run_body(void *arg)
{
    void (*body)(void);
    __builtin_memcpy(&body, arg, sizeof body);
    body();
    return 7;
}

static inline void goro_run_test(void (*body)(void))
{
    int before = check_failures;
    assert_int_equal(goro_run(run_body, &body), 7);
    assert_int_equal(check_failures, before);
}

/* GORO_TEST(name) { body }: a cmocka test whose body is the main goroutine. */
#define GORO_TEST(name) \
    static void name##_body(void); \
    static void name(void **state) \
    { \
        (void)state; \
        goro_run_test(name##_body); \
    } \
    static void name##_body(void)

#endif
