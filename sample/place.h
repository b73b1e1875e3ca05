/* What is at an address of the program: its code, instruction by instruction, and whether data there can be written. For any thread
 * at any time: no lock, no allocation. */
#ifndef GORACE_SAMPLE_PLACE_H
#define GORACE_SAMPLE_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "../instrument/decode.h"

enum place {
    PLACE_PROGRAM, /* code that is sampled */
    PLACE_RUNTIME, /* of the C or C++ runtime, or an allocator */
    PLACE_OURS,
    PLACE_MADE /* at run time: of no module */
};
enum place place_of(uintptr_t pc);
/* The instruction at `pc`, which is run next or is reached in a straight line from what is. */
bool place_insn(uintptr_t pc, struct insn *i);
/* The one that ends at `end`, in a function that .eh_frame knows of. */
bool place_insn_before(uintptr_t end, struct insn *i);
/* False of the constants of a module, and of what is the detector's. */
bool place_writable(uintptr_t addr);

#endif
