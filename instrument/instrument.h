/* instrument=1: every memory access of modules that were not compiled with the hooks is seen, by relocation of their
 * functions (engine.h). atomics_of=: those of libraries that order the program's threads by atomic operations of their own, for the order that
 * they make; their races are none of the program's. What preload/ calls. */
#ifndef GORACE_INSTRUMENT_H
#define GORACE_INSTRUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "../detector/flags.h"
#include "judge.h"

/* First, before the detector takes address space for itself: that near the modules that are loaded is needed. The flags stay where they are. */
void instrument_reserve(const struct flags *flags);
/* As late as possible, when there is about to be a second actor: before that nothing is remembered, and a program that has but
 * one thread runs as it is. alone: no other thread runs the program's code yet. In inside_begin(). False, with one line that
 * says why, when nothing can be instrumented. */
bool instrument_start(bool alone, const char **why);
/* A line for the end of a run, when the order that a library makes was not seen for want of Zydis; NULL: it was. */
const char *instrument_lost(void);
/* Modules have come or gone. In inside_begin(). False as above. */
bool instrument_scan(const char **why);

/* The program's own address for a return address that may lie in a copy of its code. */
uintptr_t instrument_return(uintptr_t pc);
/* The same for an instruction's. */
uintptr_t instrument_pc(uintptr_t pc);
/* Whether the program's own code at `pc` is of an instrumented module. */
bool instrument_covers(uintptr_t pc);
/* ... that is seen for the order it makes, and for nothing else: a library of atomics_of=. */
bool instrument_orders_only(uintptr_t pc);

/* At the end: a line a module of what was seen, and, if `functions`, one a function that was left alone. */
void instrument_say(bool functions);

void instrument_fork_begin(void);
void instrument_fork_end(void);

#endif
