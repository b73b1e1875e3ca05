/* Patterns of deadlocks, lock-order cycles, stuck and misuse, each with a fixed twin.
 *
 * A pattern is a function KIND_STEM(bool fixed): fixed is the twin, of which nothing may be reported; its name is noKIND_STEM.
 * One process runs one of them (driver.h), so that file-scope locks are fresh and a pattern may hang. What makes the twin
 * right is what the two branches on `fixed` differ in, and nothing else.
 *
 *   order_*     a lock-order cycle of threads that did not meet in this run; the program ends
 *   deadlock_*  actors wait for each other in a cycle, every time
 *   stuck_*     an actor waits for what nobody is left to give
 *   misuse_*    a rule of the object is broken; whether the program ends depends on the rule
 *
 * Nothing sleeps to get an order: the schedules are support/barrier.h's, which make no happens-before edge. */
#ifndef PATTERN_H
#define PATTERN_H

#include "barrier.h"
#include <stdbool.h>

struct pattern {
    const char *name; /* of the one that is wrong; the twin's is "no" and this */
    void (*run)(bool fixed);
};

/* The pattern `name` and whether it is the twin that is meant. Ends the process when there is none. */
const struct pattern *pattern_find(const struct pattern *patterns, int count, const char *name, bool *fixed);
/* Prints what is wrong with the pattern itself and ends the process with status 2. */
void pattern_fail(const char *what) __attribute__((noreturn));

#endif
