/* The end of the process, jumps, system calls by number, and libraries. */
#include <linux/futex.h>
#include <sys/syscall.h>

#include "engage.h"

static int status_of(void (*end)(int))
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        end(5);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

CASE(_exit)
{
    CHECK(status_of(CALL(_exit)) == 5);
}

CASE(_Exit)
{
    CHECK(status_of(CALL(_Exit)) == 5);
}

CASE(quick_exit)
{
    CHECK(status_of(CALL(quick_exit)) == 5);
}

CASE(_Fork)
{
    int status;
    pid_t pid = CALL(_Fork)();
    if (pid == 0)
        _exit(malloc(10) ? 5 : 6);
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
}

static int five(void *arg)
{
    return *(int *)arg;
}

CASE(clone)
{
    static char stack[65536];
    int status, result = 5;
    pid_t pid = CALL(clone)(five, stack + sizeof stack, SIGCHLD, &result);
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
}

#define SPAWNS(name, file) \
    CASE(name) \
    { \
        int status; \
        pid_t pid; \
        char *argv[] = {(char *)"sh", (char *)"-c", (char *)"exit 5", NULL}; \
        CHECK(CALL(name)(&pid, file, NULL, NULL, argv, environ) == 0); \
        CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5); \
    }

SPAWNS(posix_spawn, "/bin/sh")
SPAWNS(posix_spawnp, "sh")

/* A futex by hand is a lock by hand: its wake is known to who was woken. */
static unsigned word;

static void *wakes(void *arg)
{
    while (CALL(syscall)(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
        sched_yield();
    return arg;
}

CASE(syscall)
{
    pthread_t t;
    CHECK(CALL(syscall)(SYS_getpid) == getpid());
    CHECK(CALL(syscall)(SYS_close, -1) == -1 && errno == EBADF);
    CHECK(pthread_create(&t, NULL, wakes, NULL) == 0);
    CHECK(CALL(syscall)(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0) == 0);
    CHECK(pthread_join(t, NULL) == 0);
    MERGES(&word);
    ACQUIRES(&word);
}

/* ---- jumps ------------------------------------------------------------------------------------------------------------- */

static jmp_buf env;

#define JUMPS(name) \
    CASE(name) \
    { \
        int value = setjmp(env); \
        if (value == 0) \
            CALL(name)(env, 7); \
        CHECK(value == 7); \
        TOLD(TRACE_UNWOUND, 0, SIZE_MAX); \
    }

JUMPS(longjmp)
JUMPS(_longjmp)
JUMPS(siglongjmp)
JUMPS(__longjmp_chk)

/* ---- contexts ---------------------------------------------------------------------------------------------------------- */

static ucontext_t here, there;
static volatile int visits;

static void visit(void)
{
    visits++;
    swapcontext(&there, &here);
    visits++;
}

CASE(swapcontext)
{
    static char stack[65536];
    CHECK(getcontext(&there) == 0);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = sizeof stack;
    there.uc_link = &here;
    makecontext(&there, visit, 0);
    CHECK(CALL(swapcontext)(&here, &there) == 0 && visits == 1);
    CHECK(CALL(swapcontext)(&here, &there) == 0 && visits == 2);
}

CASE(setcontext)
{
    CHECK(getcontext(&here) == 0);
    if (visits++ == 0)
        CALL(setcontext)(&here);
    CHECK(visits == 2);
}

/* ---- libraries ---------------------------------------------------------------------------------------------------------- */

CASE(dlopen)
{
    void *handle = CALL(dlopen)("libm.so.6", RTLD_NOW);
    CHECK(handle && dlsym(handle, "cos"));
    TOLD(TRACE_ACQUIRE, 0, SIZE_MAX);
    CHECK(CALL(dlopen)("no such library", RTLD_NOW) == NULL && strstr(dlerror(), "no such library"));
}

CASE(dlmopen)
{
    void *handle = CALL(dlmopen)(LM_ID_BASE, "libm.so.6", RTLD_NOW);
    CHECK(handle && dlsym(handle, "cos"));
    TOLD(TRACE_ACQUIRE, 0, SIZE_MAX);
}

CASE(dlclose)
{
    void *handle = dlopen("libm.so.6", RTLD_NOW);
    from_here();
    CHECK(CALL(dlclose)(handle) == 0);
    TOLD(TRACE_RELEASE_MERGE, 0, SIZE_MAX);
}
