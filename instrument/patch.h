/* Writing into the program's text while its threads run it. */
#ifndef GORACE_INSTRUMENT_PATCH_H
#define GORACE_INSTRUMENT_PATCH_H

#include <stdbool.h>
#include <stdint.h>

void patch_start(void);
/* The text becomes writable; false: something forbids it. */
bool patch_open(uintptr_t lo, uintptr_t hi);
/* It is as it was, readable and executable. */
void patch_close(uintptr_t lo, uintptr_t hi);
void patch_trap(uintptr_t at);
/* The byte that was there before. */
void patch_back(uintptr_t at, uint8_t byte);
/* In place of the trap at `from`: a jump to `stub`, which jumps to `to` unless it is there. Bit k of traps: at from + k there is a trap, which
 * stays one (area.h). */
void patch_jump(uintptr_t from, uintptr_t stub, uintptr_t to, unsigned traps);
bool patch_is_jump(uintptr_t at);

#endif
