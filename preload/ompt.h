/* LLVM's and Intel's OpenMP runtimes tell a tool what they do: OMPT (OpenMP 5.2, chapter 19). ompt.c is that tool. */
#ifndef GORACE_OMPT_H
#define GORACE_OMPT_H

#include <stdbool.h>
#include <stdint.h>

/* Such a runtime is at work here, and has taken us as its tool. */
bool ompt_told(void);
/* The program calls a function of locks from `pc`. */
void ompt_call_from(uintptr_t pc);

#endif
