/* Looks at who can never go on: at the end of the process, when the program asks, on SIGQUIT. */
#ifndef GORACE_PRELOAD_STUCK_H
#define GORACE_PRELOAD_STUCK_H

#include <stdbool.h>
#include <stdint.h>

#include "../detector/flags.h"
#include "current.h"

/* Once, at the start. */
void stuck_start(const struct flags *flags);
/* How many threads and goroutines can never go on, by what the caller sees now; those that were not yet are reported. sp,
 * registers: PARKED_ABOVE and PARKED_REGISTERS of the function that the program has called. */
unsigned long stuck_ask(struct actor *me, uintptr_t sp, const uintptr_t *registers);
/* The process is about to end by itself. */
void stuck_at_exit(struct actor *me, uintptr_t sp, const uintptr_t *registers);
/* In a handler of SIGQUIT, outside of the core. interrupted: its ucontext_t. */
void stuck_on_quit(const void *interrupted);

/* A pointer of the program may be known to the kernel alone from now on: what a signal, a timer or a message carries. */
void stuck_kernel_keeps(uint64_t word);
/* From now on functions of the program may run inside of calls in which threads are taken to sleep: nothing is claimed any more. */
void stuck_calls_back(void);
/* How a runtime of goroutines tells of memory that holds no pointers of the program; NULL: there is none. It may be told between
 * such calls only while this says so. */
void stuck_runtime(void (*tell_memory)(void));
bool stuck_looks(void);
/* As stuck_on_quit, in a handler of the program's. */
void stuck_show(const void *interrupted);

#endif
