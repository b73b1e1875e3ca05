/* What the program has mapped, for a look at all memory in which its pointers may lie. wrap_map.c */
#ifndef GORACE_MAPPINGS_H
#define GORACE_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* While nobody maps or unmaps. False when some are not known any more. */
bool mappings_each(void (*visit)(uintptr_t lo, size_t size));

#endif
