/* See crowded.h. Where a granule has more accesses than it has cells, the rest is in a block, to which its last cell leads (history.h).
 * Nobody else changes the block in a page that is the actor's while it is stepping there (owner.h): so this is page_enter_fast and
 * page_leave as code, with a look at the block's cells between them. What comes meanwhile for an actor that is inside is left to the
 * slow path: then this finds nothing out.
 *
 * Some programs have crowded granules of which nothing is covered. Who finds nothing for a while does not look for a while (slots.luck). */
#include "crowded.h"

#include "../detector/access.h"
#include "../detector/history.h"
#include "../detector/owner.h"
#include "slots.h"

#define EQUAL 4
#define NOT_EQUAL 5
#define ABOVE 7
#define SIGN 8

_Static_assert(CELL_BYTES == 0xff && CELLS == 4 && SPILL_UNIT == 16 && SPILL_PLAIN >= 2 * SPILL_UNIT, "read as such");
_Static_assert((SPILL_CHUNK_UNITS & (SPILL_CHUNK_UNITS - 1)) == 0, "shifted");

static void fails_if(struct code *c, struct covered_jumps *fails, unsigned condition)
{
    fails->at[fails->n++] = code_jump_if(c, condition);
}

/* opcode /extension of 4 bytes, or, wide, 8, at base + displacement */
static void with_number(struct code *c, bool wide, unsigned opcode, unsigned extension, unsigned base,
                        int32_t displacement, uint32_t number)
{
    code_memory(c, wide, opcode, extension, base, displacement);
    code_32(c, number);
}
static void put_number(struct code *c, bool wide, unsigned base, size_t field, uint32_t number)
{
    with_number(c, wide, 0xc7, 0, base, (int32_t)field, number);
}

static void test_bits(struct code *c, unsigned reg, uint32_t bits)
{
    code_registers(c, false, 0xf7, 0, reg);
    code_32(c, bits);
}

/* d = the link of the granule at b to its block */
static void load_link(struct code *c, unsigned b, unsigned d, struct covered_jumps *fails)
{
    code_memory(c, false, 0x8b, d, b, (CELLS - 1) * (int32_t)sizeof(uint32_t));
    test_bits(c, d, CELL_BYTES);
    fails_if(c, fails, NOT_EQUAL);
    code_registers(c, false, 0x85, d, d);
    fails_if(c, fails, EQUAL);
}

/* d = the word of the page of the address in a; e is lost. */
static void load_page(struct code *c, unsigned a, unsigned b, unsigned d, unsigned e)
{
    code_registers(c, false, 0x89, a, d); /* mov */
    code_registers(c, false, 0x81, 4, d); /* and */
    code_32(c, (uint32_t)(REGION_SIZE - GRANULE));
    code_registers(c, true, 0x89, b, e);
    _Static_assert(sizeof(union granule) / GRANULE == 2, "twice");
    code_registers(c, true, 0x29, d, e); /* sub */
    code_registers(c, true, 0x29, d, e);
    code_registers(c, false, 0xc1, 5, d); /* shr */
    code_8(c, PAGE_SHIFT);
    code_sum(c, e, e, d, 2, 0);
    code_memory(c, false, 0x8b, d, e, (int32_t)PAGES_AT);
}

/* d = the address of the block that the link d names, e = its class; one of cells only, at most two fours. */
static void find_block(struct code *c, unsigned b, unsigned d, unsigned e, const struct crowded_constants *k,
                       struct covered_jumps *fails)
{
    code_memory(c, false, 0x8b, e, b, (CELLS - 2) * (int32_t)sizeof(uint32_t));
    code_registers(c, false, 0x85, e, e);
    uint8_t *none = code_jump_if(c, EQUAL);
    test_bits(c, e, CELL_BYTES); /* or it is more of the block's number */
    fails_if(c, fails, EQUAL);
    code_here(c, none);
    code_registers(c, false, 0xc1, 5, d); /* shr */
    code_8(c, 8);
    code_registers(c, false, 0x89, d, b);
    code_registers(c, false, 0xc1, 5, b);
    code_8(c, (unsigned)__builtin_ctz(SPILL_CHUNK_UNITS));
    code_constant(c, 0x03, b, (uintptr_t)&k->classes); /* add */
    code_rex(c, false, e, 0, b);                       /* movzx */
    CODE(c, 0x0f, 0xb6, (uint8_t)(0x40 | (e & 7) << 3 | (b & 7)));
    if ((b & 7) == GPR_SP)
        code_8(c, 0x24);
    code_8(c, 0);
    code_registers(c, false, 0x83, 7, e); /* cmp */
    code_8(c, 2);
    fails_if(c, fails, ABOVE);
    code_registers(c, true, 0xc1, 4, d); /* shl */
    code_8(c, (unsigned)__builtin_ctz(SPILL_UNIT));
    code_constant(c, 0x03, d, (uintptr_t)&k->spills);
}

void crowded_begin(struct crowded_constants *k)
{
    k->classes = (uintptr_t)spill_class;
    k->spills = (uintptr_t)spills;
}

void crowded_find(struct code *c, unsigned b, unsigned a, struct covered_jumps *fails)
{
    const int32_t last = (CELLS - 1) * (int32_t)sizeof(uint32_t);
    code_compare_local(c, SLOT(luck));
    fails_if(c, fails, SIGN);
    covered_granule(c, a, b, fails);
    code_registers(c, true, 0x83, 4, b); /* and */
    code_8(c, 0xf0);
    code_memory(c, false, 0x80, 7, b, last); /* cmp, of the byte that says which bytes */
    code_8(c, 0);
    fails_if(c, fails, NOT_EQUAL);
    code_memory(c, false, 0x83, 7, b, last); /* cmp */
    code_8(c, 0);
    fails_if(c, fails, EQUAL);
}

void crowded_write(struct code *c, const unsigned r[4], unsigned a, unsigned log2size, bool writes, bool wide,
                   const struct crowded_constants *k, struct covered_jumps *fails)
{
    const unsigned b = r[0], d = r[1], me = r[2], e = r[3];
    struct covered_jumps late = {.n = 0}, inside = {.n = 0};
    code_load(c, me, slots_offset(&current_actor));
    code_registers(c, true, 0x85, me, me);
    fails_if(c, fails, EQUAL);

    put_number(c, false, me, offsetof(struct actor, inside), 1);
    with_number(c, false, 0x81, 7, me, (int32_t)offsetof(struct actor, pause), 0); /* cmp */
    fails_if(c, &inside, NOT_EQUAL);
    code_memory(c, true, 0x8b, e, me, (int32_t)offsetof(struct actor, stocks));
    code_registers(c, true, 0x89, a, d);
    code_registers(c, true, 0xc1, 5, d); /* shr */
    code_8(c, PAGE_SHIFT);
    code_memory(c, true, 0x89, d, e, (int32_t)offsetof(struct stocks, stepping));
    load_page(c, a, b, d, e);
    code_memory(c, true, 0x8b, e, me, (int32_t)offsetof(struct actor, stocks));
    code_memory(c, false, 0x33, d, e, (int32_t)offsetof(struct stocks, page)); /* xor */
    code_registers(c, false, 0x83, 7, d);                                      /* cmp */
    code_8(c, PAGE_TAKES);
    fails_if(c, &late, ABOVE);
    load_link(c, b, d, &late);
    find_block(c, b, d, e, k, &late);
    covered_cells(c, a, b, d, e, me, log2size, writes, wide);

    code_memory(c, true, 0x8b, e, me, (int32_t)offsetof(struct actor, stocks));
    put_number(c, true, e, offsetof(struct stocks, stepping), 0);
    put_number(c, false, me, offsetof(struct actor, inside), 0);
    with_number(c, false, 0x81, 7, me, (int32_t)offsetof(struct actor, pause), 0);
    fails_if(c, fails, NOT_EQUAL);
    code_registers(c, false, 0x85, b, b);
    uint8_t *out = code_jump_if(c, EQUAL);
    code_put_local(c, SLOT(luck), LUCK);
    uint8_t *done = code_jump_on(c);

    covered_jumps_here(c, &late);
    code_memory(c, true, 0x8b, e, me, (int32_t)offsetof(struct actor, stocks));
    put_number(c, true, e, offsetof(struct stocks, stepping), 0);
    covered_jumps_here(c, &inside);
    put_number(c, false, me, offsetof(struct actor, inside), 0);
    code_here(c, out);
    code_add_local(c, SLOT(luck), -1);
    fails->at[fails->n++] = code_jump_on(c);
    code_here(c, done);
}
