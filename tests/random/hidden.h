/* The invisible barrier, and what a random program needs to know of itself where the detector cannot see it: functions without
 * hooks, or, with UNSEEN_APART, of an object of their own (hidden.c), which instrument=1 leaves alone. */
#ifndef GORACE_TESTS_RANDOM_HIDDEN_H
#define GORACE_TESTS_RANDOM_HIDDEN_H

#include <pthread.h>
#include <stdint.h>

#define LOOSE __attribute__((may_alias, aligned(1)))
#define TIGHT __attribute__((may_alias))
typedef uint8_t U1 LOOSE, A1 TIGHT;
typedef uint16_t U2 LOOSE, A2 TIGHT;
typedef uint32_t U4 LOOSE, A4 TIGHT;
typedef uint64_t U8 LOOSE, A8 TIGHT;
typedef unsigned __int128 U16 LOOSE;
typedef unsigned char *bytes;

#ifdef UNSEEN_APART
#include "../instrument/barrier.h"
#ifdef __cplusplus
#define HIDDEN extern "C"
#else
#define HIDDEN
#endif
#define DOES(...) ;
#else
#include "../support/barrier.h"
#ifndef HIDDEN
#define HIDDEN INVISIBLE
#endif
#define DOES(...) \
    { \
        __VA_ARGS__ \
    }
static struct {
    bytes heap[256], stack[64], tls[64];
    pthread_t thread[64];
    int signal_case;
} hidden;
#endif

/* clang-format off */
HIDDEN void put_heap(int n, void *p) DOES(hidden.heap[n] = (bytes)p;)
HIDDEN bytes heap(int n) DOES(return hidden.heap[n];)
HIDDEN bytes stack(int n) DOES(return hidden.stack[n];)
HIDDEN bytes tls(int n) DOES(return hidden.tls[n];)
HIDDEN void publish(int n, void *on_stack, void *local) DOES(hidden.stack[n] = (bytes)on_stack; hidden.tls[n] = (bytes)local;)
HIDDEN void put_thread(int n, pthread_t t) DOES(hidden.thread[n] = t;)
HIDDEN pthread_t thread(int n) DOES(return hidden.thread[n];)
HIDDEN void signal_will(int number) DOES(hidden.signal_case = number;)
HIDDEN int signal_case(void) DOES(return hidden.signal_case;)
HIDDEN size_t size(size_t n) DOES(__asm__ volatile("" : "+r"(n)); return n;)
HIDDEN uint64_t peek(const void *p, int n)
    DOES(return n == 1 ? *(const A1 *)p : n == 2 ? *(const A2 *)p : n == 4 ? *(const A4 *)p : *(const A8 *)p;)
HIDDEN void must(int good) DOES(if (!good) __builtin_trap();)
/* clang-format on */

#endif
