/* A program of small cases, each run in a process of its own under the detector. The name is the verdict: norace_* must
 * end with status 0 and no finding, race_* with findings in exactly one place; a CHECK that fails ends it with status 1.
 *
 *     static void norace_something(void) { ... }
 *     #define CASES(X) X(norace_something) ...
 *     CASES_MAIN
 */
#ifndef GORACE_TESTS_CASES_H
#define GORACE_TESTS_CASES_H

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "barrier.h"

/* Past the wrapper of _exit, which would put the detector's status in place of ours. */
INVISIBLE __attribute__((noreturn)) void fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    for (;;)
        __asm__ volatile("syscall" : : "a"((long)SYS_exit_group), "D"(1L) : "rcx", "r11", "memory");
}
#define CHECK(what) ((what) ? (void)0 : fail(__FILE__, __LINE__, #what))
#define OK(call) CHECK((call) == 0)

static inline struct timespec far_future(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_sec += 1000;
    return t;
}

#define CASE_NAME(name) {#name, name},
#define CASES_MAIN \
    int main(int argc, char **argv) \
    { \
        static const struct { \
            const char *name; \
            void (*run)(void); \
        } cases[] = {CASES(CASE_NAME)}; \
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) { \
            if (argc < 2) { \
                puts(cases[i].name); \
            } else if (strcmp(argv[1], cases[i].name) == 0) { \
                cases[i].run(); \
                return 0; \
            } \
        } \
        return argc < 2 ? 0 : 2; \
    }

#endif
