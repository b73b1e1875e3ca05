/* The walk of the stack against that of libgcc (backtrace of glibc), from every kind of frame that compilers make. */
#include <dlfcn.h>
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <pthread.h>

#include <cmocka.h>

#include "unwind.h"

#define MAX 256

static int checked;    /* frames that were found to be the same */
static int interrupts; /* frames below that a signal handler interrupted */
static int ruled;      /* frames that have a rule */

/* A rule says what a step does, in the whole row that it is said to be the rule of, and in no byte more. */
static void check_rule(const struct unwind_frame *f, struct unwind_row *last)
{
    const uint32_t rule = unwind_rule(f->pc, last);
    const struct unwind_row row = *last;
    assert_true(f->pc >= row.start && f->pc < row.end);
    for (uintptr_t pc = row.start > f->pc - 50 ? row.start - 1 : f->pc - 50; pc <= row.end && pc < f->pc + 50; pc++) {
        struct unwind_row other = {0};
        const uint32_t its = unwind_rule(pc, &other);
        if (pc >= row.start && pc < row.end)
            assert_true(its == rule && other.start == row.start && other.end == row.end);
        else
            assert_true(other.start >= row.end || other.end <= row.start);
    }
    if (!rule)
        return;
    struct unwind_frame by_rule = *f, by_pc = *f;
    assert_int_equal(unwind_step_by(&by_rule, rule), unwind_step(&by_pc));
    assert_memory_equal(&by_rule, &by_pc, sizeof by_pc);
    const uintptr_t from = unwind_rule_anchor(rule) == UNWIND_RBP ? f->rbp : f->rsp;
    assert_int_equal(from + unwind_rule_distance(rule), by_pc.at);
    ruled++;
}

__attribute__((noinline)) static void check_rules(void)
{
    struct unwind_frame f = {0};
    struct unwind_row last = {0};
    __asm__ volatile("leaq 0(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2" : "=r"(f.pc), "=r"(f.rsp), "=r"(f.rbp));
    do
        check_rule(&f, &last);
    while (unwind_step(&f));
}

/* Both walks from here. The first address lies in this function and differs. Where a signal came, ours is one more: the
 * instruction itself, which others would take for the one after a call. */
__attribute__((noinline)) static void compare(void)
{
    void *theirs[MAX];
    uintptr_t ours[MAX];
    int n = unwind_here(ours, MAX);
    int expected = backtrace(theirs, MAX);
    assert_true(expected >= 3);
    if (n != expected)
        fail_msg("%d frames, not %d", n, expected);
    int more = 0;
    for (int i = 1; i < n; i++) {
        if (ours[i] == (uintptr_t)theirs[i] + 1 && more++ < interrupts)
            continue;
        if (ours[i] != (uintptr_t)theirs[i])
            fail_msg("frame %d of %d is %p, not %p", i, n, (void *)ours[i], theirs[i]);
    }
    assert_int_equal(more, interrupts);
    checked += n - 1;
    check_rules();
}

#define NO_TAIL_CALL __asm__ volatile("" ::: "memory")

__attribute__((noinline)) static void plain(int depth)
{
    if (depth)
        plain(depth - 1);
    else
        compare();
    NO_TAIL_CALL;
}

static void recursion(void **state)
{
    (void)state;
    for (int depth = 0; depth < 100; depth += 9)
        plain(depth);
}

/* A frame of unknown size: the CFA counts from rbp. */
__attribute__((noinline)) static void with_alloca(size_t n)
{
    volatile char *room = __builtin_alloca(n);
    room[0] = 1;
    plain(2);
    NO_TAIL_CALL;
}

/* A realigned stack: the CFA is read from memory. */
__attribute__((noinline)) static void aligned(size_t n)
{
    volatile char line[64] __attribute__((aligned(64)));
    volatile char *room = __builtin_alloca(n);
    line[n % 64] = room[0] = 1;
    assert_true(line[n % 64]);
    plain(1);
    with_alloca(n * 2 + 8);
    NO_TAIL_CALL;
}

static void unusual_frames(void **state)
{
    (void)state;
    for (size_t n = 8; n < 2000; n = n * 3 + 1) {
        with_alloca(n);
        aligned(n);
    }
}

/* rbp holds something else than a frame. */
__attribute__((noinline)) static long busy(long a, long b, long c, long d, long e, long f)
{
    long v[6] = {a * b, b * c, c * d, d * e, e * f, f * a};
    plain(1);
    for (int i = 0; i < 6; i++)
        a += v[i] * b + c / (d + 1) - e * f;
    plain(0);
    return a + b + c + d + e + f + v[1] + v[3];
}

static int compare_elements(const void *a, const void *b)
{
    plain(1);
    return *(const int *)a - *(const int *)b;
}

static void through_libc(void **state)
{
    (void)state;
    int numbers[] = {3, 1, 2, 9, 4};
    assert_true(busy(1, 2, 3, 4, 5, 6) != 0);
    qsort(numbers, 5, sizeof *numbers, compare_elements);
    assert_int_equal(numbers[4], 9);
}

static void on_signal(int number)
{
    (void)number;
    interrupts++;
    plain(1);
    interrupts--;
}

static void from_a_signal_handler(void **state)
{
    (void)state;
    static char other_stack[65536];
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    assert_int_equal(sigaltstack(&stack, NULL), 0);
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
}

static void *thread_main(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++)
        plain(i % 20);
    aligned(24);
    return NULL;
}

/* All threads share the cache. */
static void from_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    unwind_forget();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_main, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static ucontext_t here, there;

static void on_own_stack(void)
{
    uintptr_t pcs[MAX];
    int n = unwind_here(pcs, MAX);
    assert_true(n >= 1 && n < MAX);
    assert_true(pcs[0] - (uintptr_t)on_own_stack < 4096);
    NO_TAIL_CALL;
}

/* A stack that ends in code that nobody called. */
static void coroutine(void **state)
{
    (void)state;
    static char stack[65536];
    getcontext(&there);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = sizeof stack;
    there.uc_link = &here;
    makecontext(&there, on_own_stack, 0);
    swapcontext(&here, &there);
}

static void from_unknown_code(void)
{
    uintptr_t pcs[MAX];
    assert_int_equal(unwind_here(pcs, MAX), 2); /* here, and the place in the unknown code */
    NO_TAIL_CALL;
}

/* Code without frame information: the walk ends, and does not guess. */
static void code_without_cfi(void **state)
{
    (void)state;
    static const unsigned char code[] = {0x48, 0x83, 0xec, 0x08, /* sub $8, %rsp */
                                         0xff, 0xd7,             /* call *%rdi */
                                         0x48, 0x83, 0xc4, 0x08, /* add $8, %rsp */
                                         0xc3};
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        skip(); /* forbidden here */
    memcpy(page, code, sizeof code);
    ((void (*)(void (*)(void)))page)(from_unknown_code);
    munmap(page, 4096);
}

static void no_more_than_asked_for(void **state)
{
    (void)state;
    uintptr_t pcs[4] = {0, 0, 0, 77};
    assert_int_equal(unwind_here(pcs, 3), 3);
    assert_int_equal(pcs[3], 77);
    assert_int_equal(unwind_here(pcs, 0), 0);
}

static void frames_left_out(void **state)
{
    (void)state;
    uintptr_t pcs[MAX], all[MAX];
    int n = unwind_here(all, MAX);
    unwind_leave_out(all[0] - 200, all[0] + 200);
    int without = unwind_here(pcs, MAX);
    unwind_leave_out(0, 0);
    assert_int_equal(without, n - 1);
    for (int i = 0; i < without; i++)
        assert_true(pcs[i] == all[i + 1]);
}

static void something_was_compared(void **state)
{
    (void)state;
    assert_true(checked > 5000);
    assert_true(ruled > 1000);
}

/* A frame that is found by rbp, which is something else: code without rules has come between, or a bug. */
static __attribute__((noinline)) void strays(uintptr_t rbp)
{
    static volatile size_t n = 40; /* not a constant to the compiler */
    volatile char *p = __builtin_alloca(n);
    struct unwind_frame f = {.rbp = rbp};
    p[0] = 1;
    __asm__ volatile("leaq 0(%%rip), %0\n\tmovq %%rsp, %1" : "=r"(f.pc), "=r"(f.rsp));
    assert_false(unwind_step(&f));
}

static void *strays_in_thread(void *arg)
{
    strays((uintptr_t)pthread_self() + (1 << 20));
    return arg;
}

static void no_frame_pointer(void **state)
{
    (void)state;
    pthread_t t;
    strays(~(uintptr_t)0x3c7dff);
    assert_int_equal(pthread_create(&t, NULL, strays_in_thread, NULL), 0);
    pthread_join(t, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursion),        cmocka_unit_test(unusual_frames),
        cmocka_unit_test(through_libc),     cmocka_unit_test(from_a_signal_handler),
        cmocka_unit_test(from_threads),     cmocka_unit_test(coroutine),
        cmocka_unit_test(code_without_cfi), cmocka_unit_test(no_more_than_asked_for),
        cmocka_unit_test(frames_left_out),  cmocka_unit_test(something_was_compared),
        cmocka_unit_test(no_frame_pointer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
