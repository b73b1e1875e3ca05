/* What code with the hooks prefetches: the shadow memory of it is fetched as well. */
#ifndef GORACE_INSTRUMENT_FETCH_AHEAD_H
#define GORACE_INSTRUMENT_FETCH_AHEAD_H

#include <stdbool.h>

/* Patches the prefetching instructions of all modules with the hooks that were not looked at yet. Quietly does nothing where there
 * is no decoder, or the text may not be written. In inside_begin(). alone: no other thread runs the program's code. */
void fetch_ahead(bool alone);

/* For the end of a run: a line of how many instructions; NULL: none. */
const char *fetch_ahead_summary(void);

#endif
