/* The operand of an instruction in memory, and registers to look at it with. */
#ifndef GORACE_INSTRUMENT_OPERAND_H
#define GORACE_INSTRUMENT_OPERAND_H

#include "code.h"
#include "decode.h"

/* reg = the address that the instruction uses, and `more`; `bytes` are the instruction's. */
void operand_address(struct code *c, unsigned reg, const struct insn *i, const uint8_t *bytes, int32_t more);
/* A register that is not one of `not`, if there is one, not of `live`; *needed: it is. */
unsigned operand_register(uint16_t live, uint16_t not, bool *needed);
unsigned operand_log2(unsigned size);

#endif
