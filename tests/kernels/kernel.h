/* What the kernels share.
 *
 * A kernel is a bug of concurrent code, as small as it can be, that shows only under a schedule which is rare by nature. Its
 * head says what is wrong. It shows as a panic, as goroutines that wait for ever, or as a race; never in the twin, which is
 * the same file compiled with FIXED. kernel() is the main goroutine. */
#ifndef GORACE_TESTS_KERNEL_H
#define GORACE_TESTS_KERNEL_H

#define GORO_SHORT_NAMES
#include <goro/goro.h>

static void kernel(void);

static inline void check(bool holds, const char *what)
{
    if (!holds)
        goro_panic("%s", what);
}

struct members {
    waitgroup running;
};

static inline void member(struct members *all, void (*f)(void))
{
    f();
    waitgroup_done(&all->running);
}

/* Runs each function in a goroutine of its own, and returns when all have ended. */
#define TOGETHER(...) \
    do { \
        void (*const functions[])(void) = {__VA_ARGS__}; \
        static struct members all; \
        waitgroup_add(&all.running, (int)(sizeof functions / sizeof *functions)); \
        for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) \
            go(member, &all, functions[i]); \
        waitgroup_wait(&all.running); \
    } while (0)

static int start(void *arg)
{
    (void)arg;
    kernel();
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}

#endif
