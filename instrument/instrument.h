/* instrument=1: every memory access of modules that were not compiled with the hooks is seen, by relocation of their
 * functions (engine.h). What preload/ calls. */
#ifndef GORACE_INSTRUMENT_H
#define GORACE_INSTRUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "judge.h"

/* Before the detector takes address space for itself: that near the modules that are loaded is needed. */
void instrument_reserve(void);
/* modules: the option instrument_modules, which stays where it is. As late as possible, when there is about to be a second actor: before that nothing is remembered, and a program that has but
 * one thread runs as it is. In inside_begin(). False, with one line that says why, when nothing can be instrumented. */
bool instrument_start(const char *modules, const char **why);
/* Modules have come or gone. In inside_begin(). */
void instrument_scan(void);

/* The program's own address for a return address that may lie in a copy of its code. */
uintptr_t instrument_return(uintptr_t pc);
/* The same for an instruction's. */
uintptr_t instrument_pc(uintptr_t pc);
/* Whether the program's own code at `pc` is of an instrumented module. */
bool instrument_covers(uintptr_t pc);

/* At the end: a line a module of what was seen, and, if `functions`, one a function that was left alone. */
void instrument_say(bool functions);

void instrument_fork_begin(void);
void instrument_fork_end(void);

#endif
