/* Functions of libraries that are called by copies, or about them, and have to know of copies: their entries in the tables
 * of addresses (.got) of the modules are exchanged for ours. Nothing is exported for it, so nothing changes for a process that is not instrumented. */
#ifndef GORACE_INSTRUMENT_BIND_H
#define GORACE_INSTRUMENT_BIND_H

#include "image.h"

/* The caller stands in inside_begin(). */
void bind_module(const struct image *m);

#endif
