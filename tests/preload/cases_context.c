/* Control that leaves a frame, or a stack, in other ways than by return. */
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#include "cases.h"

static struct schedule s;
static int x;

static void *write_x(void *arg)
{
    await(&s, 1);
    x = 2;
    step(&s, 2);
    return arg;
}

static void race_here(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, write_x, NULL));
    x = 1;
    step(&s, 1);
    await(&s, 2);
    OK(pthread_join(t, NULL));
}

/* ---- contexts of <ucontext.h> ------------------------------------------------------------------------------------ */

enum { COROUTINES = 8, TURNS = 2000 };
static ucontext_t scheduler, coroutine[COROUTINES];
static int turns[COROUTINES];

static void __attribute__((noinline)) yield(int i)
{
    turns[i]++;
    OK(swapcontext(&coroutine[i], &scheduler));
}
static void __attribute__((noinline)) deeper(int i, int depth)
{
    if (depth > 0) {
        deeper(i, depth - 1);
        turns[i] += 0;
    } else {
        yield(i);
    }
}
static void body(int i)
{
    for (int turn = 0; turn < TURNS; turn++)
        deeper(i, turn % 10);
}

static void start(int i, void (*run)(int))
{
    OK(getcontext(&coroutine[i]));
    coroutine[i].uc_stack.ss_size = 256 << 10;
    coroutine[i].uc_stack.ss_sp = malloc(coroutine[i].uc_stack.ss_size);
    coroutine[i].uc_link = &scheduler;
    makecontext(&coroutine[i], (void (*)(void))run, 1, i);
}
static void run_coroutines(void)
{
    for (int i = 0; i < COROUTINES; i++)
        start(i, body);
    for (int turn = 0; turn <= TURNS; turn++)
        for (int i = 0; i < COROUTINES; i++)
            OK(swapcontext(&scheduler, &coroutine[i]));
    for (int k = 0; k < COROUTINES; k++) {
        CHECK(turns[k] == TURNS);
        free(coroutine[k].uc_stack.ss_sp);
    }
}

/* The stack of a race in a coroutine is the coroutine's, each time it is resumed; the scheduler's is the scheduler's.
 * And a context that is used again after it has ended, or was left in the middle, begins anew.
 * STACK race_in_coroutine: racing_leaf racing_body
 * STACK race_in_coroutine: race_in_coroutine main */
static void __attribute__((noinline)) racing_leaf(int i)
{
    yield(i);
    x = 1;
    step(&s, 1);
    await(&s, 2);
}
static void racing_body(int i)
{
    racing_leaf(i);
}
static void __attribute__((noinline)) resumes(int i)
{
    OK(swapcontext(&scheduler, &coroutine[i]));
}
static void leaves_early(int i)
{
    yield(i);
}
static void race_in_coroutine(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, write_x, NULL));
    start(0, leaves_early);
    resumes(0);
    start(0, racing_body);
    resumes(0);
    resumes(0);
    OK(pthread_join(t, NULL));
}

static void norace_swapcontext(void)
{
    run_coroutines();
}
/* STACK race_after_swapcontext: race_here race_after_swapcontext main */
static void race_after_swapcontext(void)
{
    run_coroutines();
    race_here();
}

/* ---- jumps ------------------------------------------------------------------------------------------------------- */

static jmp_buf back;
static volatile int back_is_set = 1;
static void __attribute__((noinline)) jumps(int depth)
{
    if (depth > 0)
        jumps(depth - 1);
    else if (back_is_set)
        longjmp(back, 1);
    x++;
}
static void norace_many_longjmps(void)
{
    for (volatile int i = 0; i < 100000; i++)
        if (!setjmp(back))
            jumps(i % 20);
    CHECK(x == 0);
}

/* Out of a handler that runs on a stack of its own. */
static sigjmp_buf out;
static void jumps_out(int sig)
{
    (void)sig;
    siglongjmp(out, 1);
}
static void norace_jump_from_signal_stack(void)
{
    static char memory[64 << 10];
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    struct sigaction act = {.sa_handler = jumps_out, .sa_flags = SA_ONSTACK};
    OK(sigaltstack(&stack, NULL));
    OK(sigaction(SIGUSR1, &act, NULL));
    for (volatile int i = 0; i < 20000; i++)
        if (!sigsetjmp(out, 1))
            raise(SIGUSR1);
}
/* STACK race_after_jumps: race_here race_after_jumps main */
static void race_after_jumps(void)
{
    norace_many_longjmps();
    norace_jump_from_signal_stack();
    race_here();
}

#define CASES(X) \
    X(norace_swapcontext) \
    X(race_in_coroutine) \
    X(race_after_swapcontext) \
    X(norace_many_longjmps) \
    X(norace_jump_from_signal_stack) \
    X(race_after_jumps)
CASES_MAIN
