/* The copy of one function. */
#ifndef GORACE_INSTRUMENT_COPY_H
#define GORACE_INSTRUMENT_COPY_H

#include "engine.h"

/* Where code that goes to `target`, in the module's text, should go instead. engine.c. */
uintptr_t engine_destination(struct module *m, uintptr_t target);

/* NULL: it is not understood (*why says what) or there is no room. */
struct copied *copy_function(struct module *m, const struct function *f, const char **why);

#endif
