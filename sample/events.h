/* The perf events of this process: a clock, which interrupts whoever runs in user mode, and watchpoints, which stop whoever
 * accesses given bytes. Both come as SIGTRAP, from code in user mode only, so that no system call is ever interrupted. */
#ifndef GORACE_SAMPLE_EVENTS_H
#define GORACE_SAMPLE_EVENTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define AIMS 2 /* watched at a time at most */

enum aim_kind {
    AIM_WRITES,   /* of the bytes: who made one stops behind it */
    AIM_ACCESSES, /* the same with reads */
    AIM_CODE      /* whoever is about to run the instruction at addr stops before it */
};
struct aim {
    uintptr_t addr; /* a multiple of size */
    uint8_t size;   /* 1, 2, 4, 8 */
    uint8_t kind;   /* enum aim_kind */
};

/* For all threads that there are, and for those that they create: one descriptor each stands for them all. False, with the
 * reason, when the kernel does not let us. */
bool events_open(uint64_t period_ns, const char **why);
/* Also in the child of fork, where they are those of the parent. */
void events_close(void);
bool events_has(int fd);
int events_next(unsigned first); /* the lowest descriptor from there on; -1: none */
/* Threads that found no room. */
uint64_t events_missed(void);

/* One caller at a time. At most AIMS; of a debugger's making there may be room for fewer: gives how many are watched, the first
 * ones. `serial` comes back with who is stopped: below 2^40. */
int events_arm(const struct aim *aims, int n, uint64_t serial);
void events_disarm(void);

enum event { EVENT_CLOCK, EVENT_STOPPED, EVENT_LATE, EVENT_FOREIGN };
/* STOPPED: which aim, and its addr. LATE: of ours, but not at the instruction that caused it, as SIGTRAP was blocked. */
enum event events_which(const siginfo_t *info, uint64_t *serial, int *aim, uintptr_t *addr);

#endif
