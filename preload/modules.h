/* Which code of the process was compiled with the hooks. */
#ifndef GORACE_MODULES_H
#define GORACE_MODULES_H

#include <stdbool.h>
#include <stdint.h>

/* Looks at all modules anew: at the start and after dlopen or dlclose. The caller stands in inside_begin(). */
void modules_scan(void);
bool modules_instrumented(uintptr_t pc);
/* The text of libgorace.so itself. */
void modules_self(uintptr_t *lo, uintptr_t *hi);

#endif
