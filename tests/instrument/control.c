/* Control flow that does not go by call and return: what it prints without the detector is what it has to print with it. */
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static jmp_buf back;
static sigjmp_buf back_from_fault;
static volatile sig_atomic_t ticks;
static int *volatile nowhere;

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int jumps_out(const void *a, const void *b)
{
    (void)a;
    (void)b;
    longjmp(back, 7);
}

static void callbacks(void)
{
    int v[] = {5, 2, 9, 1};
    qsort(v, 4, sizeof *v, ascending);
    printf("sorted %d %d %d %d\n", v[0], v[1], v[2], v[3]);
    int value = setjmp(back);
    if (value == 0)
        qsort(v, 4, sizeof *v, jumps_out);
    printf("jumped %d\n", value);
}

static void on_fault(int sig)
{
    siglongjmp(back_from_fault, sig);
}

static void on_trap(int sig)
{
    printf("trap %d\n", sig);
}

static void on_tick(int sig)
{
    (void)sig;
    ticks++;
}

static void signals(void)
{
    signal(SIGSEGV, on_fault);
    if (sigsetjmp(back_from_fault, 1) == 0)
        *nowhere = 1;
    else
        printf("fault\n");
    signal(SIGTRAP, on_trap);
    __asm__ volatile("int3");
    raise(SIGTRAP);
    signal(SIGPROF, on_tick);
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_PROF, &often, NULL);
    unsigned hash = 1;
    while (ticks < 20)
        for (unsigned i = 0; i < 100000; i++)
            hash = hash * 31 + i;
    setitimer(ITIMER_PROF, &never, NULL);
    printf("ticks, %d\n", hash != 0);
}

static void clean_up(void *arg)
{
    printf("cleaned up %s\n", (const char *)arg);
}

static void *waits(void *arg)
{
    pthread_cleanup_push(clean_up, arg);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static void *exits(void *arg)
{
    pthread_exit((char *)arg + 1);
}

static void threads(void)
{
    pthread_t t;
    void *result;
    pthread_create(&t, NULL, waits, (void *)"after cancel");
    pthread_cancel(t);
    pthread_join(t, &result);
    printf("cancelled %d\n", result == PTHREAD_CANCELED);
    pthread_create(&t, NULL, exits, NULL);
    pthread_join(t, &result);
    printf("exited %d\n", result != NULL);
}

static ucontext_t outside, inside;
static char stack[65536];
static int steps;

static void three_steps(void)
{
    for (int i = 0; i < 3; i++) {
        steps++;
        swapcontext(&inside, &outside);
    }
}

static void contexts(void)
{
    getcontext(&inside);
    inside.uc_stack.ss_sp = stack;
    inside.uc_stack.ss_size = sizeof stack;
    inside.uc_link = &outside;
    makecontext(&inside, three_steps, 0);
    for (int i = 0; i < 4; i++)
        swapcontext(&outside, &inside);
    printf("steps %d\n", steps);
}

__attribute__((noinline)) static int depth(int n)
{
    void *pcs[100];
    int found = n ? depth(n - 1) : backtrace(pcs, 100);
    __asm__ volatile("" : "+r"(found)); /* no tail call */
    return found;
}

static void libraries(void)
{
    printf("depth %d\n", depth(10) - depth(0));
    printf("next %d\n", dlsym(RTLD_NEXT, "malloc") != NULL);
    void *library = dlopen("libresolv.so.2", RTLD_NOW);
    printf("library %d\n", library && dlsym(library, "inet_net_ntop") != NULL);
    if (library)
        dlclose(library);
}

__attribute__((noinline)) static int by_table(int x)
{
    switch (x) {
    case 0:
        return 5;
    case 1:
        return 9;
    case 2:
        return getpid() > 0;
    case 3:
        return 77;
    case 4:
        return 123;
    case 5:
        return 3;
    case 6:
        return 4;
    case 7:
        return 11;
    }
    return -1;
}

static void tables(void)
{
    int sum = 0;
    for (int i = 0; i < 1000; i++)
        sum += by_table(i % 9);
    printf("tables %d\n", sum);
}

static int met_while_blocked(int x)
{
    return x + 1;
}
static int (*volatile by_pointer)(int) = met_while_blocked;

static void blocked(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    printf("blocked %d\n", by_pointer(1));
    pthread_sigmask(SIG_UNBLOCK, &all, NULL);
}

static void children(void)
{
    extern char **environ;
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(by_table(5));
    waitpid(child, &status, 0);
    printf("forked %d\n", WEXITSTATUS(status));
    fflush(stdout);
    child = vfork();
    if (child == 0) {
        execl("/bin/echo", "echo", "vforked", (char *)NULL);
        _exit(1);
    }
    waitpid(child, &status, 0);
    char *const words[] = {(char *)"echo", (char *)"spawned", NULL};
    posix_spawn(&child, "/bin/echo", NULL, NULL, words, environ);
    waitpid(child, &status, 0);
    status = system("echo system");
    printf("status %d\n", status);
}

int main(void)
{
    callbacks();
    signals();
    threads();
    contexts();
    libraries();
    tables();
    blocked();
    children();
    return 0;
}
