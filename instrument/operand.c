/* See operand.h. */
#include "operand.h"

/* Of a thread-local variable: the address counts from fs as well. */
static void local_address_to(struct code *c, unsigned reg, const struct insn *i, int32_t more)
{
    const unsigned index = i->base != GPR_NONE ? i->base : i->index;
    const unsigned scale = i->base != GPR_NONE ? 1 : i->scale, log2scale = scale == 8 ? 3 : scale == 4 ? 2 : scale == 2;
    code_load(c, reg, 0);
    CODE(c, (uint8_t)(0x48 | (reg >> 3) << 2 | (index != GPR_NONE ? (index >> 3) << 1 : 0) | reg >> 3), 0x8d);
    code_8(c, 0x80 | (reg & 7) << 3 | 4);
    code_8(c, log2scale << 6 | (index != GPR_NONE ? index & 7 : 4) << 3 | (reg & 7));
    code_32(c, (uint32_t)(i->displacement + more));
}

void operand_address(struct code *c, unsigned reg, const struct insn *i, const uint8_t *bytes, int32_t more)
{
    const unsigned base = i->base, index = i->index;
    if (i->local) {
        local_address_to(c, reg, i, more);
        return;
    }
    const bool has_base = base != GPR_NONE, has_index = index != GPR_NONE;
    const unsigned rex = 0x48 | (reg >> 3) << 2 | (has_index ? (index >> 3) << 1 : 0) | (has_base ? base >> 3 : 0);
    CODE(c, (uint8_t)rex, 0x8d);
    if (i->rip_at) {
        int32_t distance;
        copy_bytes(&distance, bytes + i->rip_at, sizeof distance);
        code_8(c, (reg & 7) << 3 | 5);
        code_relative(c, i->at + i->length + (uintptr_t)(intptr_t)distance + (uintptr_t)(intptr_t)more);
        return;
    }
    const int32_t displacement = i->displacement + more;
    const bool near = has_base && displacement == (int8_t)displacement;
    const unsigned mode = near ? 0x40 : has_base ? 0x80 : 0;
    if (has_base && !has_index && (base & 7) != GPR_SP) {
        code_8(c, mode | (reg & 7) << 3 | (base & 7));
    } else {
        const unsigned scale = i->scale == 8 ? 3 : i->scale == 4 ? 2 : i->scale == 2 ? 1 : 0;
        code_8(c, mode | (reg & 7) << 3 | 4);
        code_8(c, scale << 6 | (has_index ? index & 7 : 4) << 3 | (has_base ? base & 7 : 5));
    }
    if (near)
        code_8(c, (uint8_t)displacement);
    else
        code_32(c, (uint32_t)displacement);
}

unsigned operand_register(uint16_t live, uint16_t not, bool *needed)
{
    not |= 1u << GPR_SP | 1u << GPR_BP; /* the frame is found by it, also where the code does not read it any more */
    for (unsigned reg = 0; reg < GPRS; reg++) {
        if (!((live | not ) >> reg & 1)) {
            *needed = false;
            return reg;
        }
    }
    *needed = true;
    for (unsigned reg = 0;; reg++)
        if (!(not >> reg & 1))
            return reg;
}

unsigned operand_log2(unsigned size)
{
    unsigned log2size = 0;
    while (2u << log2size <= size)
        log2size++;
    return log2size;
}
