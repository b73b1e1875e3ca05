/* The invisible barrier: orders threads without a happens-before edge, so that a test runs in one known order and the
 * detector still sees the accesses as unordered. A sample reads as a small schedule:
 *
 *     static struct schedule s;
 *     thread:  x = 1; step(&s, 1);
 *     main:    await(&s, 1); x = 2;
 *
 * Why invisible: nothing here is instrumented, and the waiting is a futex system call made by hand, because a detector
 * wraps libc's own. gcc's no_sanitize("thread") leaves atomics and function entry alone; clang's keeps both, so it
 * needs disable_sanitizer_instrumentation (tests/e2e/barrier_is_invisible looks at the object code).
 * The futexes are not private: a barrier in MAP_SHARED memory works between processes as well. */
#ifndef GORACE_TESTS_BARRIER_H
#define GORACE_TESTS_BARRIER_H

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>

#if defined(__clang__)
#define INVISIBLE static __attribute__((noinline, unused, disable_sanitizer_instrumentation))
#else
#define INVISIBLE static __attribute__((noinline, unused, no_sanitize("thread")))
#endif

#if !defined(__x86_64__)
#error "barrier.h: the system call is written for x86-64"
#endif

struct barrier {
    unsigned arrived; /* in this round */
    unsigned round;   /* futex word */
};

struct schedule {
    int done; /* the last step that was done; futex word */
};

INVISIBLE void barrier_futex(void *word, int op, unsigned value)
{
    long result;
    register void *timeout __asm__("r10") = NULL;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)SYS_futex), "D"(word), "S"((long)op), "d"((unsigned long)value), "r"(timeout)
                     : "rcx", "r11", "memory");
    (void)result; /* every caller looks at the word again */
}

/* Returns when `n` threads have called it; the barrier is then ready for the next round. */
INVISIBLE void barrier_wait(struct barrier *b, unsigned n)
{
    unsigned round = __atomic_load_n(&b->round, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&b->arrived, 1, __ATOMIC_ACQ_REL) == n) {
        __atomic_store_n(&b->arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&b->round, round + 1, __ATOMIC_RELEASE);
        barrier_futex(&b->round, FUTEX_WAKE, INT_MAX);
        return;
    }
    while (__atomic_load_n(&b->round, __ATOMIC_ACQUIRE) == round)
        barrier_futex(&b->round, FUTEX_WAIT, round);
}

/* Step `k` is done. Steps are numbered upwards, from 1. */
INVISIBLE void step(struct schedule *s, int k)
{
    __atomic_store_n(&s->done, k, __ATOMIC_RELEASE);
    barrier_futex(&s->done, FUTEX_WAKE, INT_MAX);
}

/* Returns once step `k`, or a later one, is done. */
INVISIBLE void await(struct schedule *s, int k)
{
    for (int done; (done = __atomic_load_n(&s->done, __ATOMIC_ACQUIRE)) < k;)
        barrier_futex(&s->done, FUTEX_WAIT, (unsigned)done);
}

#endif
