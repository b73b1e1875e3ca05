#ifndef RT_SYMBOLS_H
#define RT_SYMBOLS_H

#include <stdbool.h>

#include "out.h"

/* Prints "function+0x12 (program+0x1234)" for an address of code; what is not known is left out. May allocate, through
 * dladdr and the loader. */
void rt_symbol(struct rt_out *out, uintptr_t pc);

#endif
