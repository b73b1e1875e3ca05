/* The trace of a run (detector/record.h): its file, and what lies where, which is told at the start and whenever it has
 * changed. Both: the caller stands in inside_begin(). */
#ifndef GORACE_RECORDING_H
#define GORACE_RECORDING_H

#include "../detector/flags.h"

struct actor;

/* Before there is an actor. */
void recording_start(const struct flags *flags, void (*say)(const char *line));
/* a: who acts here; NULL: nobody, and then nothing is told. */
void recording_modules(struct actor *a);

#endif
