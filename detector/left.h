/* Those who wait, and what they wait for, held against what can be reached: who can never go on. left.c has the verbs for the end
 * of the goroutines' runtime (locks.h), stuck.c those for any other moment. heap.c gives the blocks. */
#ifndef GORACE_LEFT_H
#define GORACE_LEFT_H

#include "actor.h"
#include "finding.h"

/* One who waits, and may never go on. */
struct waiting {
    struct actor *a;
    uint64_t key;            /* the object; 0: none, nothing can end the wait */
    bool by_stack;           /* for some objects that its stack leads to */
    uintptr_t lo, hi;        /* its stack, as far as it is in use */
    uintptr_t locals, block; /* thread-local variables; control block of its thread behind them; 0: none */
    bool reached;            /* it may go on */
    bool told;
};

/* False without memory. Of at most so many. */
bool left_open(size_t n);
void left_close(void);
struct waiting *left_add(struct actor *a, uintptr_t lo, uintptr_t hi);
/* Of those that were added: `reached` becomes true of all that somebody who can go on may wake; wait.stuck becomes the contrary.
 * After reach_ready. Caller holds no lock; the lock of waits, or nobody acts. */
void left_solve(void);
/* Of the calling thread. */
void left_registers(const uintptr_t *registers);
/* Each of them, in the order in which they were added. */
size_t left_count(void);
struct waiting *left_at(size_t i);

/* Findings on their way: made while the world stands still, handed over when it goes on. */
struct left_report;
/* All that wait at the place of the i-th, are reached or not like it, and were not told. */
struct left_report *left_report(struct left_report *next, size_t i);
/* Hands all over and frees them. Outside of the core. */
void left_hand_over(struct actor *by, struct left_report *first);

/* Bytes of a control block in which the program's pointers may lie (glibc: thread-specific values, the result). */
#define LEFT_BLOCK 2560

/* Calls visit for every block that is alive; it must not touch the heap's table. */
void heap_each(void (*visit)(void *ctx, uintptr_t addr, size_t size), void *ctx);

#endif
