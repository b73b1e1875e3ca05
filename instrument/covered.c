/* See covered.h. It is access_covered of detector/access.h, and access_straddle's look at two granules, as code:
 *
 *     A = the address of the access;  B = shadow_table[A >> REGION_SHIFT] + 2 * (A & ~7), the granule; its four cells
 *     B = the current actor;  are any of them less than its span above its low, and have all that is needed?
 *
 * which rests on what is asserted below. */
#include "covered.h"

#include "../detector/access.h"
#include "operand.h"
#include "regions.h"
#include "slots.h"
#include "vectors.h"

_Static_assert(sizeof(union granule) == 16 && GRANULE == 8 && offsetof(union granule, cell) == 0,
               "16 bytes for 8, cells of 4");
_Static_assert(sizeof(((struct stamp_own *)0)->low) == 16 && sizeof(((struct stamp_own *)0)->span) == 16, "as cells");
_Static_assert(sizeof(regions[0]) == 8, "read as 8 bytes");

#define EQUAL 4
#define NOT_EQUAL 5
#define ABOVE 7

static void fails_if(struct code *c, struct covered_jumps *fails, unsigned condition)
{
    fails->at[fails->n++] = code_jump_if(c, condition);
}

void covered_jumps_here(const struct code *c, const struct covered_jumps *j)
{
    for (unsigned k = 0; k < j->n; k++)
        code_here(c, j->at[k]);
}

bool covered_has_wide(void)
{
    static int known;
    if (!known) {
        uint32_t a = 7, b, c = 0, d, low, high;
        __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        known = -1;
        if (vectors_known() && (b >> 16 & 1) &&
            (b >> 31 & 1)) { /* AVX512F, AVX512VL, and the system keeps its registers */
            __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
            known = (low & 0xe6) == 0xe6 ? 1 : -1;
        }
    }
    return known > 0;
}

void covered_granule(struct code *c, unsigned a, unsigned b, struct covered_jumps *fails)
{
    code_registers(c, true, 0x89, a, b); /* mov b, a */
    code_registers(c, true, 0xc1, 5, b); /* shr */
    code_8(c, REGION_SHIFT);
    code_registers(c, true, 0x81, 7, b); /* cmp */
    code_32(c, (uint32_t)REGIONS - 1);
    fails_if(c, fails, ABOVE);
    code_absolute(c, 0x8b, b, b, 3, regions_at());
    code_registers(c, true, 0x85, b, b); /* test */
    fails_if(c, fails, EQUAL);
    code_indexed(c, 0x8d, b, b, a, 1); /* lea b, [b + 2 * a] */
}

/* b = the current actor */
static void load_actor(struct code *c, unsigned b, struct covered_jumps *fails)
{
    code_load(c, b, slots_offset(&current_actor));
    code_registers(c, true, 0x85, b, b);
    fails_if(c, fails, EQUAL);
}

/* ---- SSE ----------------------------------------------------------------------------------------------------------- */

/* movups between xmm0 or xmm1 and the thread's own memory */
static void vector_aside(struct code *c, unsigned xmm, bool load)
{
    CODE(c, 0x64, 0x0f, (uint8_t)(load ? 0x10 : 0x11), (uint8_t)(xmm << 3 | 4), 0x25);
    code_32(c, (uint32_t)(SLOT(xmm) + 16 * (int32_t)xmm));
}

/* opcode with xmm0 or xmm1 and what is at base + displacement */
static void with_memory(struct code *c, unsigned opcode, unsigned xmm, unsigned base, int32_t displacement)
{
    code_8(c, 0x66);
    code_rex(c, false, 0, 0, base);
    CODE(c, 0x0f, (uint8_t)opcode, (uint8_t)(0x80 | xmm << 3 | (base & 7)));
    if ((base & 7) == GPR_SP)
        code_8(c, 0x24);
    code_32(c, (uint32_t)displacement);
}

/* opcode with xmm0 and fs:[need + 8 * index] */
static void with_need(struct code *c, unsigned opcode, unsigned index, int32_t need)
{
    CODE(c, 0x64, 0x66);
    code_rex(c, false, 0, index, 0);
    CODE(c, 0x0f, (uint8_t)opcode, 4, (uint8_t)(0xc5 | (index & 7) << 3));
    code_32(c, (uint32_t)need);
}

/* a = not zero if a cell in xmm0, less the low bound, is less than the span in xmm1 and has all that the access at the address in a needs */
static void have_need(struct code *c, unsigned a, int32_t need)
{
    CODE(c, 0x66, 0x0f, 0x66, 0xc8);      /* pcmpgtd xmm1, xmm0 */
    code_registers(c, false, 0x83, 4, a); /* and */
    code_8(c, GRANULE - 1);
    code_registers(c, false, 0x01, a, a); /* add */
    with_need(c, 0xdb, a, need);          /* pand */
    with_need(c, 0x76, a, need);          /* pcmpeqd */
    CODE(c, 0x66, 0x0f, 0xdb, 0xc1);      /* pand xmm0, xmm1 */
    code_8(c, 0x66);                      /* pmovmskb */
    code_rex(c, false, a, 0, 0);
    CODE(c, 0x0f, 0xd7, (uint8_t)(0xc0 | (a & 7) << 3));
}

static int32_t fours_need(unsigned log2size, bool writes)
{
    return CHECK_TABLE(need) + (int32_t)sizeof check_tables.need[0][0] * (int)log2size +
           (int32_t)sizeof check_tables.need[0] * writes;
}

/* Zero if no cell of the granule at b covers the access at the address in a: by registers that are put aside. */
static void compare(struct code *c, unsigned a, unsigned b, int32_t need, struct covered_jumps *fails)
{
    code_compare_local(c, slots_offset(&current_actor)); /* with 0 */
    fails_if(c, fails, EQUAL);
    vector_aside(c, 0, false);
    vector_aside(c, 1, false);
    with_memory(c, 0x6f, 0, b, 0); /* movdqa xmm0, the cells, before what is current */
    code_load(c, b, slots_offset(&current_actor));
    with_memory(c, 0xfa, 0, b, (int32_t)offsetof(struct actor, stamps.low));  /* psubd: the lower bits stay */
    with_memory(c, 0x6f, 1, b, (int32_t)offsetof(struct actor, stamps.span)); /* movdqa xmm1 */
    have_need(c, a, need);
    vector_aside(c, 0, true);
    vector_aside(c, 1, true);
    code_registers(c, false, 0x85, a, a);
}

/* ---- AVX-512 -------------------------------------------------------------------------------------------------------
 * By registers that no compiler keeps anything in that was not told to use them, and that no function that uses them is compiled
 * to find unchanged after a call of one that does not. */

enum { CELLS_IN = 30, ABOVE_LOW = 31, K = 7 };
enum { F3 = 2, P66 = 1 };
enum { MAP_0F = 1, MAP_0F38 = 2, MAP_0F3A = 3 };

/* 16, 32 or 64 bytes: length 0, 1, 2. The last operand is memory. */
struct evex {
    unsigned map, opcode, length;
    unsigned dst, one;
    unsigned prefix;
    bool mask, broadcast; /* broadcast: the memory is one of 4 bytes, for all */
};

/* x, b: bit 3 of index and base. Upper bits of numbers are inverted. */
static void evex_begin(struct code *c, const struct evex *e, unsigned x, unsigned b)
{
    const unsigned r = ~e->dst >> 3 & 1, r4 = ~e->dst >> 4 & 1;
    CODE(c, 0x62, (uint8_t)(r << 7 | (~x & 1) << 6 | (~b & 1) << 5 | r4 << 4 | e->map),
         (uint8_t)((~e->one & 15) << 3 | 4 | e->prefix),
         (uint8_t)(e->length << 5 | e->broadcast << 4 | (~e->one >> 4 & 1) << 3 | (e->mask ? K : 0)),
         (uint8_t)e->opcode);
}
/* The displacement as it is, in 4 bytes. */
static void evex_memory(struct code *c, struct evex e, unsigned base, int32_t displacement)
{
    evex_begin(c, &e, 0, base >> 3 & 1);
    code_8(c, 0x80 | (e.dst & 7) << 3 | (base & 7));
    if ((base & 7) == GPR_SP)
        code_8(c, 0x24);
    code_32(c, (uint32_t)displacement);
}
/* fs:[displacement + 4 * index] */
static void evex_local(struct code *c, struct evex e, unsigned index, int32_t displacement)
{
    code_8(c, 0x64);
    evex_begin(c, &e, index >> 3 & 1, 0);
    CODE(c, (uint8_t)((e.dst & 7) << 3 | 4), (uint8_t)(0x85 | (index & 7) << 3));
    code_32(c, (uint32_t)displacement);
}

static void load_cells(struct code *c, unsigned b, unsigned length)
{
    evex_memory(c, (struct evex){MAP_0F, 0x6f, length, CELLS_IN, 0, F3, false, false}, b, 0); /* vmovdqu32 */
}

/* K = those of the epoch of the actor b, which is read after them. */
static void compare_current(struct code *c, unsigned b, unsigned length)
{
    evex_memory(c, (struct evex){MAP_0F, 0xfa, length, ABOVE_LOW, CELLS_IN, P66, false, true}, b, /* vpsubd */
                (int32_t)offsetof(struct actor, stamps.low));
    evex_memory(c, (struct evex){MAP_0F3A, 0x1f, length, K, ABOVE_LOW, P66, false, true}, b, /* vpcmpd */
                (int32_t)offsetof(struct actor, stamps.span));
    code_8(c, 1); /* less */
}

/* K = the cells of the granules at b that are of the epoch; b becomes the actor. */
static void current_wide(struct code *c, unsigned b, unsigned length, struct covered_jumps *fails)
{
    load_cells(c, b, length);
    load_actor(c, b, fails);
    compare_current(c, b, length);
}

/* What is needed and not there; K = those of K of which that is nothing. */
#define LACKS ((struct evex){MAP_0F, 0xdf, length, CELLS_IN, CELLS_IN, P66, false, one}) /* vpandnd */
static void lack_nothing(struct code *c, unsigned length)
{
    const struct evex test = {MAP_0F38, 0x27, length, K, CELLS_IN, F3, true, false}; /* vptestnmd */
    evex_begin(c, &test, CELLS_IN >> 4, CELLS_IN >> 3 & 1);
    code_8(c, 0xc0 | K << 3 | (CELLS_IN & 7));
}

static void compare_wide(struct code *c, unsigned a, unsigned b, unsigned length, int32_t need,
                         struct covered_jumps *fails)
{
    const bool one = true; /* need, for all */
    current_wide(c, b, length, fails);
    code_registers(c, false, 0x83, 4, a); /* and */
    code_8(c, GRANULE - 1);
    evex_local(c, LACKS, a, need);
    lack_nothing(c, length);
}

/* b = K */
static void move_mask(struct code *c, unsigned b)
{
    CODE(c, 0xc5, (uint8_t)(0x78 | (b < 8) << 7), 0x93, (uint8_t)(0xc0 | (b & 7) << 3 | K)); /* kmovw */
}

/* b = K; in each of the n fours there is one. */
static void have_all(struct code *c, unsigned b, unsigned n, struct covered_jumps *fails)
{
    move_mask(c, b);
    for (unsigned k = 0; k < n; k++) {
        code_registers(c, false, 0xf7, 0, b); /* test */
        code_32(c, 15u << 4 * k);
        fails_if(c, fails, EQUAL);
    }
}

/* Of an access inside one granule, or of 16 bytes in two. */
static void have_one_each(struct code *c, unsigned b, unsigned log2size, struct covered_jumps *fails)
{
    if (log2size > 3) {
        have_all(c, b, 2, fails);
        return;
    }
    CODE(c, 0xc5, 0xf8, 0x98, 0xff); /* kortestw */
    fails_if(c, fails, EQUAL);
}

static int32_t need_of(unsigned log2size, bool writes)
{
    return CHECK_TABLE(one) + (int32_t)sizeof check_tables.one[0][0] * (int)log2size +
           (int32_t)sizeof check_tables.one[0] * writes;
}

void covered_check(struct code *c, unsigned a, unsigned b, unsigned log2size, bool writes, bool wide,
                   struct covered_jumps *fails)
{
    covered_granule(c, a, b, fails);
    code_registers(c, true, 0x83, 4, b); /* and */
    code_8(c, 0xf0);
    if (!wide) {
        compare(c, a, b, fours_need(log2size, writes), fails);
        fails_if(c, fails, EQUAL);
        return;
    }
    compare_wide(c, a, b, log2size > 3, need_of(log2size, writes), fails);
    have_one_each(c, b, log2size, fails);
}

/* ---- by one register -----------------------------------------------------------------------------------------------
 * The address is worked out twice, for its region and for its place in the granule, and the granule is found by the registers of the
 * address itself. An address that no memory can have is not told apart: then it is here that the program faults. */

bool covered_alone_fits(const struct insn *i)
{
    const int32_t twice = (int32_t)((uint32_t)i->displacement * 2);
    return !i->local && !i->segment && !i->rip_at && i->base != GPR_NONE && i->index != GPR_SP &&
           twice / 2 == i->displacement;
}

/* pext or pdep of b with a mask of check_tables: changes no flag. */
static void bits_of(struct code *c, bool deposit, unsigned b, int32_t mask)
{
    CODE(c, 0x64, 0xc4, (uint8_t)((b < 8) << 7 | 0x62), (uint8_t)(0x80 | (~b & 15) << 3 | (deposit ? 3 : 2)), 0xf5,
         (uint8_t)((b & 7) << 3 | 4), 0x25);
    code_32(c, (uint32_t)mask);
}

/* b = what shadow.h says of the region of the address, or 0 */
static void load_region(struct code *c, unsigned b, const struct insn *i, const uint8_t *bytes)
{
    operand_address(c, b, i, bytes, 0);
    bits_of(c, false, b, CHECK_TABLE(region));
    code_absolute(c, 0x8b, b, b, 3, regions_at());
}

/* b += 2 * the address */
static void add_address(struct code *c, unsigned b, const struct insn *i)
{
    if (i->base == GPR_SP) {
        code_sum(c, b, GPR_SP, b, 0, i->displacement);
        code_sum(c, b, GPR_SP, b, 0, i->displacement);
    } else {
        code_sum(c, b, b, i->base, 1, i->displacement * 2);
    }
    if (i->index == GPR_NONE)
        return;
    const unsigned log2scale = operand_log2(i->scale);
    code_sum(c, b, b, i->index, log2scale < 3 ? log2scale + 1 : 3, 0);
    if (log2scale == 3)
        code_sum(c, b, b, i->index, 3, 0);
}

void covered_alone(struct code *c, unsigned b, const struct insn *i, const uint8_t *bytes, bool writes,
                   struct covered_jumps *fails)
{
    const unsigned log2size = operand_log2(i->size), length = log2size > 3;
    const int32_t need = need_of(log2size, writes);
    const bool one = true;
    load_region(c, b, i, bytes);
    code_registers(c, true, 0x85, b, b); /* test */
    fails_if(c, fails, EQUAL);
    add_address(c, b, i);
    code_registers(c, true, 0x83, 4, b); /* and */
    code_8(c, 0xf0);
    current_wide(c, b, length, fails);
    operand_address(c, b, i, bytes, 0);
    code_registers(c, false, 0x83, 4, b); /* and */
    code_8(c, GRANULE - 1);
    evex_local(c, LACKS, b, need);
    lack_nothing(c, length);
    have_one_each(c, b, log2size, fails);
}

#define RCX 1u

void covered_quietly(struct code *c, const struct insn *i, const uint8_t *bytes, bool writes,
                     struct covered_jumps *fails)
{
    const unsigned length = 0;
    const int32_t need = need_of(operand_log2(i->size), writes);
    const bool one = true;
    load_region(c, RCX, i, bytes);
    uint8_t *none = code_jump_if_none(c);
    add_address(c, RCX, i);
    bits_of(c, false, RCX, CHECK_TABLE(granule));
    bits_of(c, true, RCX, CHECK_TABLE(granule));
    load_cells(c, RCX, length);
    uint8_t *over = code_jump_near(c);
    const uint8_t *out = c->at; /* all jumps reach it */
    fails->at[fails->n++] = code_jump_on(c);
    code_near(c, none, out);
    code_near(c, over, c->at);
    code_load(c, RCX, slots_offset(&current_actor));
    code_near(c, code_jump_if_none(c), out);
    compare_current(c, RCX, length);
    operand_address(c, RCX, i, bytes, 0);
    bits_of(c, false, RCX, CHECK_TABLE(place));
    evex_local(c, LACKS, RCX, need);
    lack_nothing(c, length);
    move_mask(c, RCX);
    code_near(c, code_jump_if_none(c), out);
}

/* ---- more than one granule ----------------------------------------------------------------------------------------- */

#define MOST 16u /* bytes */
/* By whether it writes, log2 of the size, place in the granule: bits that one cell of each granule must have. Of an access that does not leave
 * its granule, more than any has. */
static uint32_t needs[2][5][GRANULE][4][CELLS] __attribute__((aligned(64)));

static void fill_needs(void)
{
    for (unsigned writes = 0; writes < 2; writes++) {
        for (unsigned log2size = 1; 1u << log2size <= MOST; log2size++) {
            for (unsigned at = 0; at < GRANULE; at++) {
                const uint64_t bytes = ((UINT64_C(1) << (1u << log2size)) - 1) << at;
                const uint32_t class = CELL_PLAIN | (writes ? CELL_WRITE : 0);
                const bool leaves = at + (1u << log2size) > GRANULE * (log2size > 3 ? 2 : 1);
                for (unsigned k = 0; k < 4 * CELLS; k++)
                    needs[writes][log2size][at][k / CELLS][k % CELLS] =
                        leaves ? class | (bytes >> GRANULE * (k / CELLS) & CELL_BYTES) : ~0u;
            }
        }
    }
}

const void *covered_needs(unsigned log2size, bool writes)
{
    if (!needs[0][1][0][0][0])
        fill_needs();
    return needs[writes][log2size];
}

void covered_straddle(struct code *c, unsigned a, unsigned b, unsigned d, unsigned log2size, uintptr_t needs_at,
                      struct covered_jumps *fails)
{
    const unsigned n = log2size > 3 ? 3 : 2, length = n - 1;
    const bool one = false;
    covered_granule(c, a, b, fails);
    code_registers(c, true, 0x83, 4, b); /* and */
    code_8(c, 0xf0);
    code_registers(c, false, 0x89, a, d); /* mov d, a */
    code_registers(c, false, 0x83, 4, d); /* and */
    code_8(c, GRANULE - 1);
    code_registers(c, false, 0xc1, 4, d); /* shl */
    code_8(c, 6);
    _Static_assert(sizeof needs[0][0][0] == 1 << 6, "of a place");
    code_constant(c, 0x03, d, needs_at); /* add */
    current_wide(c, b, length, fails);
    evex_memory(c, LACKS, d, 0);
    lack_nothing(c, length);
    have_all(c, b, n, fails);
}
