/* A symboliser of a made-up world, and stacks in it: what is printed then depends on nothing outside of the test.
 *
 * Stack number s has the return addresses that fake_stack() gave it. A return address is an index into fake_frames:
 * 1 is the first. */
#ifndef GORACE_TEST_FAKE_NAMES_H
#define GORACE_TEST_FAKE_NAMES_H

#include "symbolize.h"

#define FAKE_FRAMES 64

extern struct symbol_frame fake_frames[FAKE_FRAMES];
extern const struct symbolizer fake_symbolizer;
extern int fake_asked; /* how often a frame was asked for */
extern uintptr_t fake_given_at; /* the lock there was named "given" by the program */

void fake_forget(void);
/* A frame of `module`; returns its address. `file` NULL: not known. */
uintptr_t fake_frame(const char *function, const char *file, int function_line, int line);
/* A stack of the addresses up to 0; returns its number. */
uint32_t fake_stack(uintptr_t first, ...);

#endif
