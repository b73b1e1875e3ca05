/* See check.h. A check is access_covered of detector/access.h as code:
 *
 *     A = the address of the access;  B = shadow_table[A >> REGION_SHIFT] + 2 * (A & ~7), the granule; its four cells
 *     B = the current actor's now_span;  are any of them in it, and have all that is needed?
 *
 * which rests on what is asserted below. Three registers that the program does not need, or else that are put aside meanwhile, two
 * vector registers, and the flags if it needs these. What fails is looked at whole (quick.h), and then told to the detector
 * (access_hook.c): for stores and operations before the instruction is run; for a load after it, as it may be an atomic one,
 * and acquire. So the code aside runs such a load itself, or does the operation with what it has loaded. */
#include "check.h"

#include "../detector/access.h"
#include "copy.h"
#include "slots.h"
#include "thunk.h"
#include "vectors.h"

_Static_assert(sizeof(union granule) == 16 && GRANULE == 8 && offsetof(union granule, cell) == 0,
               "16 bytes for 8, cells of 4");
_Static_assert(sizeof(((struct stamp_own *)0)->now_span) == 8, "low, above it the span");
_Static_assert(sizeof(shadow_table[0]) == 8, "read as 8 bytes");

#define EQUAL 4
#define ABOVE 7
#define AX 0

#define ADDRESS 0 /* the registers of a check */
#define FIRST 1
#define SECOND 2
#define REGISTERS 3

#define JUMPS_EACH 4u
#define PARTS 2u
struct pending {
    uint32_t insn;
    uint8_t reg[REGISTERS];
    bool kept[REGISTERS];
    bool flags;
    enum hook hook;
    uint8_t parts, njumps;
    uint8_t *jumps[JUMPS_EACH * PARTS];
    const uint8_t *on, *after; /* behind the check, and behind the instruction */
    struct frame_use use;
};
static struct pending pending[COPY_MOST];
static uint32_t npending;

void check_begin(void)
{
    npending = 0;
}

uint32_t check_pending(void)
{
    return npending;
}

/* ---- addresses ----------------------------------------------------------------------------------------------------- */

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

void check_address(struct code *c, unsigned reg, const struct insn *i, const uint8_t *bytes, int32_t more)
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
    if (has_base && !has_index && (base & 7) != GPR_SP) {
        code_8(c, 0x80 | (reg & 7) << 3 | (base & 7));
    } else {
        const unsigned scale = i->scale == 8 ? 3 : i->scale == 4 ? 2 : i->scale == 2 ? 1 : 0;
        code_8(c, (has_base ? 0x80 : 0) | (reg & 7) << 3 | 4);
        code_8(c, scale << 6 | (has_index ? index & 7 : 4) << 3 | (has_base ? base & 7 : 5));
    }
    code_32(c, (uint32_t)(i->displacement + more));
}

unsigned check_register(uint16_t live, uint16_t not, bool *needed)
{
    not |= 1u << GPR_SP;
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

unsigned check_log2(unsigned size)
{
    unsigned log2size = 0;
    while (2u << log2size <= size)
        log2size++;
    return log2size;
}

void check_call(struct module *m, uintptr_t thunk, const struct frame_use *use)
{
    struct code *c = &m->code;
    if (!thunk)
        c->full = true;
    if (use->red_zone)
        code_move_stack(c, -128);
    code_call(c, thunk);
    if (use->red_zone)
        code_move_stack(c, 128);
}

/* ---- the check ------------------------------------------------------------------------------------------------------ */

/* lahf has all flags but overflow. */
static void keep_flags(struct code *c)
{
    code_save(c, AX, SLOT(ax));
    CODE(c, 0x9f, 0x0f, 0x90, 0xc0); /* lahf; seto al */
    code_save(c, AX, SLOT(flags));
    code_load(c, AX, SLOT(ax));
}

static void put_back_flags(struct code *c)
{
    code_save(c, AX, SLOT(ax));
    code_load(c, AX, SLOT(flags));
    CODE(c, 0x04, 0x7f, 0x9e); /* add al, 127, which overflows if al is 1; sahf */
    code_load(c, AX, SLOT(ax));
}

static void put_back(struct code *c, const struct pending *p, unsigned which)
{
    if (p->kept[which])
        code_load(c, p->reg[which], SLOT(kept[0]) + 8 * (int32_t)which);
}

static void put_back_all(struct code *c, const struct pending *p)
{
    for (unsigned k = 0; k < REGISTERS; k++)
        put_back(c, p, k);
}

static void fails_if(struct code *c, struct pending *p, unsigned condition)
{
    p->jumps[p->njumps++] = code_jump_if(c, condition);
}

/* movups between xmm0 or xmm1 and the thread's own memory */
static void vector_aside(struct code *c, unsigned xmm, bool load)
{
    CODE(c, 0x64, 0x0f, (uint8_t)(load ? 0x10 : 0x11), (uint8_t)(xmm << 3 | 4), 0x25);
    code_32(c, (uint32_t)(SLOT(xmm) + 16 * (int32_t)xmm));
}

/* xmm0 = what is at the address in the register */
static void load_cells(struct code *c, unsigned reg)
{
    code_8(c, 0x66); /* movdqa */
    code_rex(c, false, 0, 0, reg);
    CODE(c, 0x0f, 0x6f, (uint8_t)(0x40 | (reg & 7)));
    if ((reg & 7) == GPR_SP)
        code_8(c, 0x24);
    code_8(c, 0);
}

/* xmm1 = four times the lower half of the register */
static void broadcast(struct code *c, unsigned reg)
{
    code_8(c, 0x66); /* movd */
    code_rex(c, false, 1, 0, reg);
    CODE(c, 0x0f, 0x6e, (uint8_t)(0xc8 | (reg & 7)));
    CODE(c, 0x66, 0x0f, 0x70, 0xc9, 0); /* pshufd */
}

/* opcode with xmm0 and fs:[need + 8 * index] */
static void with_need(struct code *c, unsigned opcode, unsigned index, int32_t need)
{
    CODE(c, 0x64, 0x66);
    code_rex(c, false, 0, index, 0);
    CODE(c, 0x0f, (uint8_t)opcode, 4, (uint8_t)(0xc5 | (index & 7) << 3));
    code_32(c, (uint32_t)need);
}

/* Zero if no cell of the granule at b covers the access: by registers that are put aside. d: has the actor, and is lost, too. */
static void compare(struct code *c, unsigned a, unsigned b, unsigned d, int32_t need)
{
    vector_aside(c, 0, false);
    vector_aside(c, 1, false);
    load_cells(c, b); /* before the span */
    code_memory(c, true, 0x8b, b, d, offsetof(struct actor, stamps.now_span));
    code_indexed(c, 0x8d, d, a, a, 0); /* lea d, [a + a] */
    code_registers(c, false, 0x83, 4, d);
    code_8(c, 2 * (GRANULE - 1));
    broadcast(c, b);
    CODE(c, 0x66, 0x0f, 0xfa, 0xc1);     /* psubd xmm0, xmm1: the lower bits stay */
    code_registers(c, true, 0xc1, 5, b); /* shr */
    code_8(c, 32);
    broadcast(c, b);
    CODE(c, 0x66, 0x0f, 0x66, 0xc8); /* pcmpgtd xmm1, xmm0: less than the span */
    with_need(c, 0xdb, d, need);     /* pand */
    with_need(c, 0x76, d, need);     /* pcmpeqd */
    CODE(c, 0x66, 0x0f, 0xdb, 0xc1); /* pand xmm0, xmm1 */
    code_8(c, 0x66);                 /* pmovmskb */
    code_rex(c, false, d, 0, 0);
    CODE(c, 0x0f, 0xd7, (uint8_t)(0xc0 | (d & 7) << 3));
    vector_aside(c, 0, true);
    vector_aside(c, 1, true);
    code_registers(c, false, 0x85, d, d);
}

/* An instruction of AVX-512: opcode in `map` (1: 0f, 2: 0f38) with the prefix 66, dst, one = xmm29 to xmm31 or k7; then what it does with its
 * last operand follows. mask: by k7. */
static void evex(struct code *c, unsigned map, unsigned opcode, unsigned dst, unsigned one, unsigned index,
                 unsigned base, bool high, bool mask)
{
    /* Upper bits of numbers are inverted. `high`: the last operand is one of xmm16 to xmm31, whose bit 4 takes the place of an index's. */
    const unsigned r = ~dst >> 3 & 1, r4 = ~dst >> 4 & 1, x = high ? 0 : ~index >> 3 & 1, b = ~base >> 3 & 1;
    CODE(c, 0x62, (uint8_t)(r << 7 | x << 6 | b << 5 | r4 << 4 | map), (uint8_t)((~one & 15) << 3 | 5),
         (uint8_t)((~one >> 4 & 1) << 3 | (mask ? 7 : 0)), (uint8_t)opcode);
}
static void evex_registers(struct code *c, unsigned opcode, unsigned dst, unsigned one, unsigned two)
{
    evex(c, 1, opcode, dst, one, 0, two, true, false);
    code_8(c, 0xc0 | (dst & 7) << 3 | (two & 7));
}
static void evex_need(struct code *c, unsigned opcode, unsigned dst, unsigned one, unsigned index, int32_t need,
                      bool mask)
{
    code_8(c, 0x64);
    evex(c, 1, opcode, dst, one, index, 0, false, mask);
    CODE(c, (uint8_t)((dst & 7) << 3 | 4), (uint8_t)(0xc5 | (index & 7) << 3));
    code_32(c, (uint32_t)need);
}
static void evex_broadcast(struct code *c, unsigned dst, unsigned reg)
{
    evex(c, 2, 0x7c, dst, 0, 0, reg, false, false);
    code_8(c, 0xc0 | (dst & 7) << 3 | (reg & 7));
}

/* The same by registers that no compiler keeps anything in that was not told to use them, and that no function that uses them is compiled
 * to find unchanged after a call of one that does not. */
static void compare_wide(struct code *c, unsigned a, unsigned b, unsigned d, int32_t need)
{
    enum { CELLS_IN = 30, DIFFERENCE = 31, SPAN_IN = 29, K = 7 };
    evex(c, 1, 0x6f, CELLS_IN, 0, 0, b, false, false); /* vmovdqa32 */
    CODE(c, (uint8_t)(0x40 | (CELLS_IN & 7) << 3 | (b & 7)));
    if ((b & 7) == GPR_SP)
        code_8(c, 0x24);
    code_8(c, 0);
    code_memory(c, true, 0x8b, b, d, offsetof(struct actor, stamps.now_span));
    code_indexed(c, 0x8d, d, a, a, 0); /* lea d, [a + a] */
    code_registers(c, false, 0x83, 4, d);
    code_8(c, 2 * (GRANULE - 1));
    evex_broadcast(c, DIFFERENCE, b);
    evex_registers(c, 0xfa, DIFFERENCE, CELLS_IN, DIFFERENCE); /* vpsubd */
    code_registers(c, true, 0xc1, 5, b);                       /* shr */
    code_8(c, 32);
    evex_broadcast(c, SPAN_IN, b);
    evex_need(c, 0xdb, CELLS_IN, CELLS_IN, d, need, false);   /* vpandd */
    evex(c, 1, 0x66, K, SPAN_IN, 0, DIFFERENCE, true, false); /* vpcmpgtd */
    code_8(c, 0xc0 | K << 3 | (DIFFERENCE & 7));
    evex_need(c, 0x76, K, CELLS_IN, d, need, true); /* vpcmpeqd */
    CODE(c, 0xc5, 0xf8, 0x98, 0xff);                /* kortestw */
}

static bool has_wide(void)
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

/* Of up to 8 bytes at the address in p->reg[ADDRESS]. */
static void write_part(struct code *c, struct pending *p, unsigned log2size)
{
    const unsigned a = p->reg[ADDRESS], b = p->reg[FIRST], d = p->reg[SECOND];
    const int32_t need = CHECK_TABLE(need) + (int32_t)sizeof check_tables.need[0][0] * (int)log2size +
                         (int32_t)sizeof check_tables.need[0] * hook_writes(p->hook);
    code_registers(c, true, 0x89, a, b); /* mov b, a */
    code_registers(c, true, 0xc1, 5, b); /* shr */
    code_8(c, REGION_SHIFT);
    code_registers(c, true, 0x81, 7, b); /* cmp */
    code_32(c, (uint32_t)REGIONS - 1);
    fails_if(c, p, ABOVE);
    code_load(c, d, CHECK_TABLE(table));
    code_indexed(c, 0x8b, b, d, b, 3);
    code_registers(c, true, 0x85, b, b); /* test */
    fails_if(c, p, EQUAL);
    code_indexed(c, 0x8d, b, b, a, 1);   /* lea b, [b + 2 * a] */
    code_registers(c, true, 0x83, 4, b); /* and */
    code_8(c, 0xf0);
    code_load(c, d, slots_offset(&current_actor));
    code_registers(c, true, 0x85, d, d);
    fails_if(c, p, EQUAL);
    if (p->use.wide || !has_wide())
        compare(c, a, b, d, need);
    else
        compare_wide(c, a, b, d, need);
    fails_if(c, p, EQUAL);
}

/* An access that has no inline check: by thunks, in parts. */
static void ask(struct module *m, const struct insn *i, const uint8_t *bytes, const struct live *l,
                const struct frame_use *use, enum hook hook)
{
    struct code *c = &m->code;
    const bool flags = l->flags != 0 || use->backward;
    bool needed;
    const unsigned reg = check_register(l->gprs, i->gpr_read, &needed);
    if (needed)
        code_save(c, reg, SLOT(kept[0]));
    for (unsigned at = 0, size; at < i->size; at += size) {
        const unsigned rest = i->size - at, log2size = check_log2(rest > 32 ? 32 : rest);
        size = 1u << log2size;
        check_address(c, reg, i, bytes, (int32_t)at);
        check_call(m,
                   flags ? thunk_slow(m, hook | log2size << WHAT_SIZE_SHIFT, reg, true)
                         : thunk_missed(m, hook, log2size, reg),
                   use);
    }
    if (needed)
        code_load(c, reg, SLOT(kept[0]));
}

void check_write(struct module *m, uint32_t k, const struct insn *i, const uint8_t *bytes, const struct live *l,
                 const struct frame_use *use, enum hook hook)
{
    struct code *c = &m->code;
    const unsigned log2size = check_log2(i->size);
    if (use->backward || log2size > 4 || i->size != 1u << log2size) {
        ask(m, i, bytes, l, use, hook);
        return;
    }
    if (npending == COPY_MOST) {
        c->full = true;
        return;
    }
    struct pending *p = &pending[npending++];
    *p = (struct pending){.insn = k, .hook = hook, .flags = l->flags != 0, .use = *use, .parts = i->size > 8 ? 2 : 1};
    /* What a load reads and writes stays as it is while it is run aside. */
    uint16_t not = i->gpr_read | (hook == HOOK_LOADED ? i->gpr_written : 0);
    p->reg[ADDRESS] = (uint8_t)check_register(l->gprs, not, &p->kept[ADDRESS]);
    not |= (uint16_t)(1u << p->reg[ADDRESS]);
    if (!i->splits)
        not &= (uint16_t) ~(i->gpr_written & ~i->gpr_read & ~(1u << p->reg[ADDRESS]));
    p->reg[FIRST] = (uint8_t)check_register(l->gprs, i->splits && i->size == 1 ? not | 0xfff0u : not, &p->kept[FIRST]);
    not |= (uint16_t)(1u << p->reg[FIRST]);
    p->reg[SECOND] = (uint8_t)check_register(l->gprs, not, &p->kept[SECOND]);
    if (p->flags)
        keep_flags(c);
    for (unsigned r = 0; r < REGISTERS; r++)
        if (p->kept[r])
            code_save(c, p->reg[r], SLOT(kept[0]) + 8 * (int32_t)r);
    check_address(c, p->reg[ADDRESS], i, bytes, 0);
    write_part(c, p, log2size > 3 ? 3 : log2size);
    if (p->parts > 1) {
        code_memory(c, true, 0x8d, p->reg[ADDRESS], p->reg[ADDRESS], 8); /* lea */
        write_part(c, p, 3);
    }
    p->on = c->at;
    if (p->flags)
        put_back_flags(c);
    put_back_all(c, p);
}

void check_after(struct module *m, uint32_t k)
{
    if (npending && pending[npending - 1].insn == k)
        pending[npending - 1].after = m->code.at;
}

/* ---- aside ---------------------------------------------------------------------------------------------------------- */

/* mov, zero-extended, of what the register `from` points to. */
static void load_through(struct code *c, unsigned to, unsigned from, unsigned size)
{
    const unsigned rex = 0x40 | (size == 8) << 3 | (to >> 3) << 2 | from >> 3;
    code_8(c, rex);
    if (size <= 2)
        CODE(c, 0x0f, (uint8_t)(size == 1 ? 0xb6 : 0xb7));
    else
        code_8(c, 0x8b);
    code_8(c, 0x40 | (to & 7) << 3 | (from & 7));
    if ((from & 7) == GPR_SP)
        code_8(c, 0x24);
    code_8(c, 0);
}

/* The instruction with the register `reg` for its memory. */
static void with_register_for_memory(struct code *c, const struct insn *i, const uint8_t *bytes, unsigned reg)
{
    const unsigned opcode_at = i->rex_at == NO_REX ? 0 : i->rex_at + 1u;
    unsigned rex = i->rex_at == NO_REX ? 0 : bytes[i->rex_at] & 0x4cu; /* not what belongs to the address */
    unsigned k = 0;
    if (i->rex_at == NO_REX)
        while (bytes[k] == 0x66 || bytes[k] == 0x2e || bytes[k] == 0x3e || bytes[k] == 0xf2 || bytes[k] == 0xf3)
            k++;
    code_bytes(c, bytes, i->rex_at == NO_REX ? k : i->rex_at);
    rex |= reg >> 3;
    if (rex & 0x0f || i->rex_at != NO_REX)
        code_8(c, rex | 0x40);
    const unsigned from = i->rex_at == NO_REX ? k : opcode_at;
    code_bytes(c, bytes + from, i->modrm_at - from);
    code_8(c, 0xc0 | (bytes[i->modrm_at] & 0x38) | (reg & 7));
    code_bytes(c, bytes + i->rest_at, i->length - i->rest_at);
}

static void write_aside(struct module *m, const struct pending *p, const struct insn *i,
                        void (*copy)(struct module *m, const struct insn *i))
{
    struct code *c = &m->code;
    const unsigned reg = p->reg[ADDRESS];
    const uintptr_t thunk = thunk_missed(m, p->hook, check_log2(i->size), reg);
    for (unsigned k = JUMPS_EACH; k < p->njumps; k++)
        code_here(c, p->jumps[k]);
    if (p->parts > 1)
        code_memory(c, true, 0x8d, reg, reg, -8); /* lea */
    for (unsigned k = 0; k < JUMPS_EACH; k++)
        code_here(c, p->jumps[k]);
    if (p->hook != HOOK_LOADED) {
        check_call(m, thunk, &p->use);
        code_jump(c, (uintptr_t)p->on);
        return;
    }
    if (i->splits) {
        load_through(c, p->reg[FIRST], reg, i->size);
        check_call(m, thunk, &p->use);
        if (p->flags)
            put_back_flags(c);
        with_register_for_memory(c, i, m->pristine + (i->at - m->image.text), p->reg[FIRST]);
        put_back_all(c, p);
    } else {
        put_back(c, p, FIRST);
        put_back(c, p, SECOND);
        copy(m, i);
        check_call(m, thunk, &p->use);
        if (p->flags)
            put_back_flags(c);
        put_back(c, p, ADDRESS);
    }
    code_jump(c, (uintptr_t)p->after);
}

uint32_t check_asides(struct module *m, const struct insn *insns, const uint8_t *start, struct aside *asides,
                      void (*copy)(struct module *m, const struct insn *i))
{
    for (uint32_t k = 0; k < npending && !m->code.full; k++) {
        asides[k] = (struct aside){(uint32_t)(m->code.at - start), pending[k].insn};
        write_aside(m, &pending[k], &insns[pending[k].insn], copy);
    }
    return npending;
}
