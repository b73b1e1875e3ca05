/* Which code of the process was compiled with the hooks. */
#ifndef GORACE_MODULES_H
#define GORACE_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Looks at all modules anew: at the start and after dlopen or dlclose. The caller stands in inside_begin(). */
void modules_scan(void);
/* Also true of code that was unloaded, as long as nothing else lies there. */
bool modules_instrumented(uintptr_t pc);
bool modules_any_instrumented(void);
/* Whether the code at `pc`, or the file, belongs to the C or C++ runtime or is a replacement of malloc. */
bool modules_runtime(uintptr_t pc);
bool modules_is_runtime(const char *file);
/* Calls visit for the writable data of all modules but ourselves; takes no lock. False when some are not known, or while a module
 * is being loaded. */
bool modules_data(void (*visit)(uintptr_t lo, size_t size));
/* Whether some module of the program can cancel threads, or send signals to one. */
bool modules_cancel(void);
/* Round the loading of one. */
void modules_loading(bool begins);
/* The text of libgorace.so itself. */
void modules_self(uintptr_t *lo, uintptr_t *hi);

#endif
