/* Loads libgorace-symbolize.so, which lies beside libgorace.so. */
#ifndef GORACE_SYMBOLIZER_LOAD_H
#define GORACE_SYMBOLIZER_LOAD_H

#include "../detector/symbolize.h"

/* Called once, in inside_begin(), before there is a second thread. At the first report it would be too late: dlopen
 * takes a lock that the program may hold then.
 * NULL when the module cannot be used; *why is then what the user is told (it stays valid): what is missing, in the
 * loader's words, such as libdw's file. */
const struct symbolizer *symbolizer_load(const char **why);

/* In its place when it cannot be loaded. */
extern const struct symbolizer symbolizer_none;

#endif
