/* See prefetch.h. A program prefetches where it knows that it will miss the cache: in tables that it reads at random. Without this
 * it does not miss there, and each of its checks does (a third of zstd's time). A line of the program's memory is two of shadow.
 *
 * Prefetches never fault, whatever the address. Where the program needs the flags, nothing is done. */
#include "prefetch.h"

#include "covered.h"
#include "operand.h"
#include "slots.h"

#define LINE 64

void prefetch_write(struct code *c, const struct insn *i, const uint8_t *bytes, const struct live *l)
{
    bool kept[2];
    unsigned reg[2];
    uint16_t not = i->gpr_read;
    struct covered_jumps none = {.n = 0};
    if (l->flags || i->local || i->segment)
        return;
    for (unsigned k = 0; k < 2; k++) {
        reg[k] = operand_register(l->gprs, not, &kept[k]);
        not |= (uint16_t)(1u << reg[k]);
        if (kept[k])
            code_save(c, reg[k], SLOT(kept[0]) + 8 * (int32_t)k);
    }
    operand_address(c, reg[0], i, bytes, 0);
    covered_granule(c, reg[0], reg[1], &none);
    code_registers(c, true, 0x83, 4, reg[1]); /* and */
    code_8(c, (uint8_t) - (int)(2 * LINE));
    code_prefetch(c, PREFETCH_T0, reg[1], 0);
    code_prefetch(c, PREFETCH_T0, reg[1], LINE);
    covered_jumps_here(c, &none);
    for (unsigned k = 0; k < 2; k++)
        if (kept[k])
            code_load(c, reg[k], SLOT(kept[0]) + 8 * (int32_t)k);
}
