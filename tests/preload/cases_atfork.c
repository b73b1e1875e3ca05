/* A program that keeps the handlers of fork itself, and runs them around its own clone, as Firefox does. */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "cases.h"

#define MOST 64
typedef void (*handler)(void);
static handler before[MOST], in_parent[MOST], in_child[MOST];
static int registered;

#if defined(__clang__)
#define UNSEEN __attribute__((disable_sanitizer_instrumentation))
#else
#define UNSEEN __attribute__((no_sanitize("thread")))
#endif

/* libc and all libraries come here: a name that libc exports, too, is exported by the program. ThreadSanitizer's runtime does so
 * before it can be called. */
UNSEEN int __register_atfork(handler prepare, handler parent, handler child, void *library)
{
    (void)library;
    CHECK(registered < MOST);
    before[registered] = prepare;
    in_parent[registered] = parent;
    in_child[registered++] = child;
    return 0;
}

INVISIBLE void run_all(handler *list)
{
    for (int i = 0; i < registered; i++)
        if (list[i])
            list[i]();
}

static int counted;

static void count(void)
{
    counted++;
}

static int child_main(void *arg)
{
    (void)arg;
    run_all(in_child);
    return counted == 2 ? 7 : 1;
}

static void norace_atfork_by_program(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    int status;
    OK(pthread_atfork(count, NULL, count));
    run_all(before);
    pid_t pid = clone(child_main, stack + sizeof stack, SIGCHLD, NULL);
    run_all(in_parent);
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

#define CASES(X) X(norace_atfork_by_program)
CASES_MAIN
