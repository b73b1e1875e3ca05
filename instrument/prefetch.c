/* See prefetch.h. A program prefetches where it knows that it will miss the cache: in tables that it reads at random. Without this
 * it does not miss there, and each of its checks does (a third of zstd's time). A line of the program's memory is two of shadow.
 *
 * Prefetches never fault, whatever the address, but the table of regions is read with it: so it is looked at first. Where the
 * program needs the flags, nothing is done. */
#include "prefetch.h"

#include "../detector/shadow.h"
#include "check.h"
#include "slots.h"

#define ABOVE 7
#define LINE 64

/* prefetcht0 of what is at the register + displacement */
static void prefetch(struct code *c, unsigned reg, uint8_t displacement)
{
    code_rex(c, false, 0, 0, reg);
    CODE(c, 0x0f, 0x18, (uint8_t)(0x48 | (reg & 7)));
    if ((reg & 7) == GPR_SP)
        code_8(c, 0x24);
    code_8(c, displacement);
}

void prefetch_write(struct code *c, const struct insn *i, const uint8_t *bytes, const struct live *l)
{
    bool kept[3];
    unsigned reg[3];
    uint16_t not = i->gpr_read;
    if (l->flags || i->local || i->segment)
        return;
    for (unsigned k = 0; k < 3; k++) {
        reg[k] = check_register(l->gprs, not, &kept[k]);
        not |= (uint16_t)(1u << reg[k]);
        if (kept[k])
            code_save(c, reg[k], SLOT(kept[0]) + 8 * (int32_t)k);
    }
    const unsigned a = reg[0], b = reg[1], table = reg[2];
    check_address(c, a, i, bytes, 0);
    code_registers(c, true, 0x89, a, b); /* mov b, a */
    code_registers(c, true, 0xc1, 5, b); /* shr */
    code_8(c, REGION_SHIFT);
    code_registers(c, true, 0x81, 7, b); /* cmp */
    code_32(c, (uint32_t)REGIONS - 1);
    uint8_t *const outside = code_jump_if(c, ABOVE);
    code_load(c, table, CHECK_TABLE(table));
    code_indexed(c, 0x8b, b, table, b, 3);
    code_indexed(c, 0x8d, b, b, a, 1);   /* lea b, [b + 2 * a] */
    code_registers(c, true, 0x83, 4, b); /* and */
    code_8(c, (uint8_t) - (int)(2 * LINE));
    prefetch(c, b, 0);
    prefetch(c, b, LINE);
    code_here(c, outside);
    for (unsigned k = 0; k < 3; k++)
        if (kept[k])
            code_load(c, reg[k], SLOT(kept[0]) + 8 * (int32_t)k);
}
