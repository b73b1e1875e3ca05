/* What the program asks the processor to fetch ahead: what the checks of the accesses to it will read is asked for as well. */
#ifndef GORACE_INSTRUMENT_PREFETCH_H
#define GORACE_INSTRUMENT_PREFETCH_H

#include "code.h"
#include "decode.h"
#include "live.h"

/* Written before the copy of the instruction, which prefetches. */
void prefetch_write(struct code *c, const struct insn *i, const uint8_t *bytes, const struct live *l);

#endif
