/* Whether dlsym(RTLD_NEXT, name) will find something, asked without dlsym: that makes the text of its error with
 * malloc, and the malloc of a library that was loaded before us may be the very code that waits for us. */
#ifndef GORACE_DEFINED_H
#define GORACE_DEFINED_H

#include <stdbool.h>

bool defined_after_us(const char *name);

#endif
