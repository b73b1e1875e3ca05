/* Memory for code near a module's text, so that 4 bytes relative to the code reach both ways. */
#ifndef GORACE_INSTRUMENT_AREA_H
#define GORACE_INSTRUMENT_AREA_H

#include <stdbool.h>
#include <stdint.h>

/* A place of area_size bytes for the copies of the text [lo, hi), from which that, the data around it and its stubs are
 * within reach; 0: there is none. Readable, writable, executable. One that was reserved is given once. */
uintptr_t area_near(uintptr_t lo, uintptr_t hi);
uintptr_t area_size(uintptr_t lo, uintptr_t hi);
/* Space for copies and stubs of the text, before others take it. */
void area_reserve(uintptr_t lo, uintptr_t hi);

/* Memory for code there and nowhere else; false: it is taken, or may not be. */
bool area_map(uintptr_t at, uintptr_t size);

/* A place for 5 bytes of code, a jump to `to`, such that the jump at `from` which leads there (e9 and 4 bytes) has the byte 0xcc
 * wherever bit k of `traps` is set, k = 1..4 from its beginning. 0: there is none. */
uintptr_t area_stub(uintptr_t from, uintptr_t to, unsigned traps);

#endif
