/* See thunk.h. This is access_fast of detector/access.h as code, but that the actor marks itself inside, as for an access that is
 * not covered, and rests on these facts of the core:
 *  - who is inside looks for a reason to pause first, and does so again after it has left (actor.h);
 *  - the granule of an address is at shadow_table[addr >> REGION_SHIFT] + 2 * (addr & ~7), if that entry is not 0 (shadow.h);
 *  - it has four cells of 4 bytes; an access is covered when one of them has all bits of `need`, and is of the current epoch:
 *    cell - stamps.low < stamps.span, signed (stamp.h). A cell with all bits of a need is never equal to low + span, as that has
 *    no bits of bytes.
 * They are asserted below where a compiler can. What is not covered goes to access_hook.c, which asks the detector. */
#include "thunk.h"

#include "../detector/access.h"
#include "slots.h"

_Static_assert(sizeof(union granule) == 16 && GRANULE == 8 && CELLS == 4, "four cells of 4 bytes for 8 bytes");
_Static_assert(sizeof(((struct actor *)0)->pause) == 4 && sizeof(((struct actor *)0)->inside) == 4, "words of 4 bytes");
_Static_assert(sizeof(((struct stamp_own *)0)->low) == 16 && sizeof(((struct stamp_own *)0)->span) == 16,
               "four of each");
_Static_assert(offsetof(struct actor, stamps) % 16 == 0, "read as 16 bytes");
_Static_assert(PAUSE_SOLO < 128, "a byte in a comparison");
_Static_assert(CELL_STAMP_SHIFT > 8, "low + span has no bits of bytes");

#define AX 0
#define CX 1
#define DX 2

/* opcode with a register and the memory at base + displacement */
static void with_memory(struct code *c, bool wide, unsigned opcode, unsigned reg, unsigned base, uint32_t displacement)
{
    const unsigned rex = 0x40 | wide << 3 | (reg >> 3 & 1) << 2 | (base >> 3 & 1);
    if (rex != 0x40)
        code_8(c, rex);
    code_8(c, opcode);
    code_8(c, 0x80 | (reg & 7) << 3 | (base & 7));
    if ((base & 7) == GPR_SP)
        code_8(c, 0x24);
    code_32(c, displacement);
}

static void with_register(struct code *c, bool wide, unsigned opcode, unsigned reg, unsigned rm)
{
    const unsigned rex = 0x40 | wide << 3 | (reg >> 3 & 1) << 2 | (rm >> 3 & 1);
    if (rex != 0x40)
        code_8(c, rex);
    CODE(c, (uint8_t)opcode, (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7)));
}

static void store_word(struct code *c, unsigned base, uint32_t displacement, uint32_t value)
{
    with_memory(c, false, 0xc7, 0, base, displacement);
    code_32(c, value);
}

/* movups between xmm0 or xmm1 and the thread's own memory */
static void xmm_aside(struct code *c, unsigned xmm, bool load)
{
    CODE(c, 0x64, 0x0f, (uint8_t)(load ? 0x10 : 0x11), (uint8_t)(xmm << 3 | 4), 0x25);
    code_32(c, (uint32_t)(SLOT(xmm) + 16 * (int32_t)xmm));
}

/* A conditional jump to a place that is not written yet, and that place. */
static uint8_t *jump_if(struct code *c, unsigned condition)
{
    CODE(c, 0x0f, (uint8_t)(0x80 | condition));
    code_32(c, 0);
    return c->at;
}
static void here(const struct code *c, uint8_t *jump)
{
    const int32_t distance = (int32_t)(c->at - jump);
    if (!c->full)
        copy_bytes(jump - 4, &distance, sizeof distance);
}
#define EQUAL 4
#define NOT_EQUAL 5
#define NOT_BELOW 3
#define ABOVE 7

static void say_what(struct code *c, uint32_t what)
{
    CODE(c, 0x64, 0xc7, 0x04, 0x25);
    code_32(c, (uint32_t)SLOT(what));
    code_32(c, what);
}

static void leave(struct code *c, bool flags)
{
    if (flags)
        code_8(c, 0x9d); /* popfq */
    code_8(c, 0xc3);
}

static void go_slow(struct code *c, uint32_t what, bool flags, uintptr_t entry)
{
    say_what(c, what | (flags ? WHAT_FLAGS : 0));
    CODE(c, 0xff, 0x15); /* call by the word at ... */
    code_relative(c, entry);
    leave(c, flags);
}

/* What thunks of a module read: where the slow path and the table of shadow are, and what a cell needs. */
struct constants {
    four_cells need[2][4][GRANULE]; /* of access_need: the module's code reaches no further */
    uint64_t slow, table;
};

static struct constants *constants_of(struct module *m)
{
    struct code *c = &m->thunk_code;
    struct constants *k = (struct constants *)(m->area);
    if ((uintptr_t)c->at != m->area)
        return k;
    copy_bytes(k->need, access_need, sizeof k->need);
    k->slow = (uintptr_t)access_hook_entry;
    k->table = (uintptr_t)shadow_table;
    c->at += sizeof *k;
    return k;
}

static void write_access(struct code *c, const struct constants *k, enum hook hook, unsigned log2size, unsigned reg,
                         bool flags)
{
    const bool write = hook == HOOK_WRITE || hook == HOOK_STORE || hook == HOOK_UPDATE;
    const unsigned r2 = reg == AX ? CX : AX, r3 = reg == DX ? CX : DX, size = 1u << log2size;
    const uint32_t inside = offsetof(struct actor, inside), pause = offsetof(struct actor, pause);
    const uint32_t what = hook | log2size << WHAT_SIZE_SHIFT;
    if (flags)
        code_8(c, 0x9c); /* pushfq */
    code_save(c, reg, SLOT(address));
    code_save(c, r2, SLOT(other[0]));
    code_save(c, r3, SLOT(other[1]));
    code_load(c, r2, slots_offset(&current_actor));
    with_register(c, true, 0x85, r2, r2); /* test */
    uint8_t *nobody = jump_if(c, EQUAL);
    store_word(c, r2, inside, 1);
    with_memory(c, false, 0x83, 7, r2, pause); /* cmp with 0 */
    code_8(c, 0);
    uint8_t *paused = jump_if(c, NOT_EQUAL);
    with_register(c, true, 0x89, reg, r3); /* r3 = address >> REGION_SHIFT */
    with_register(c, true, 0xc1, 5, r3);
    code_8(c, REGION_SHIFT);
    with_register(c, true, 0x81, 7, r3); /* cmp */
    code_32(c, (uint32_t)REGIONS);
    uint8_t *outside = jump_if(c, NOT_BELOW);
    with_register(c, true, 0xc1, 4, r3); /* shl */
    code_8(c, 3);
    CODE(c, (uint8_t)(0x48 | (r3 >> 3 & 1) << 2), 0x03, (uint8_t)((r3 & 7) << 3 | 5)); /* add the table */
    code_relative(c, (uintptr_t)&k->table);
    with_memory(c, true, 0x8b, r3, r3, 0);
    with_register(c, true, 0x85, r3, r3);
    uint8_t *no_shadow = jump_if(c, EQUAL);
    with_register(c, true, 0x01, reg, r3); /* + 2 * address */
    with_register(c, true, 0x01, reg, r3);
    with_register(c, false, 0x83, 4, reg); /* and 7 */
    code_8(c, GRANULE - 1);
    uint8_t *straddles = NULL;
    if (size > 1) {
        with_register(c, false, 0x83, 7, reg);
        code_8(c, GRANULE - size);
        straddles = jump_if(c, ABOVE);
    }
    with_register(c, true, 0x29, reg, r3); /* - 2 * what is beyond the granule's beginning */
    with_register(c, true, 0x29, reg, r3);
    xmm_aside(c, 0, false);
    xmm_aside(c, 1, false);
    code_8(c, 0x66);
    CODE(c, 0x0f, 0x6f, (uint8_t)(r3 & 7));            /* movdqa the cells to xmm0: before the bounds are read */
    CODE(c, 0x66, 0x0f, 0x6f, 0xc8);                   /* and xmm1 */
    CODE(c, 0x48, 0x8d, (uint8_t)((r3 & 7) << 3 | 5)); /* lea */
    code_relative(c, (uintptr_t)k->need[write][log2size]);
    with_register(c, false, 0xc1, 4, reg); /* 16 bytes each */
    code_8(c, 4);
    with_register(c, true, 0x01, reg, r3);
    CODE(c, 0x66, 0x0f, 0xdb, (uint8_t)(0x08 | (r3 & 7))); /* pand, pcmpeqd: xmm1 = cells that have all */
    CODE(c, 0x66, 0x0f, 0x76, (uint8_t)(0x08 | (r3 & 7)));
    CODE(c, 0x66, 0x0f, 0xfa, (uint8_t)(0x80 | (r2 & 7))); /* psubd low */
    code_32(c, offsetof(struct actor, stamps.low));
    CODE(c, 0x66, 0x0f, 0x66, (uint8_t)(0x80 | (r2 & 7))); /* pcmpgtd span: xmm0 = not of this epoch */
    code_32(c, offsetof(struct actor, stamps.span));
    CODE(c, 0x66, 0x0f, 0xdf, 0xc1);                            /* pandn */
    CODE(c, 0x66, 0x0f, 0xd7, (uint8_t)(0xc0 | (r3 & 7) << 3)); /* pmovmskb */
    xmm_aside(c, 0, true);
    xmm_aside(c, 1, true);
    with_register(c, false, 0x85, r3, r3);
    uint8_t *missed = jump_if(c, EQUAL);
    store_word(c, r2, inside, 0);
    with_memory(c, false, 0x83, 7, r2, pause);
    code_8(c, 0);
    uint8_t *leaves = jump_if(c, NOT_EQUAL);
    code_load(c, r2, SLOT(other[0]));
    code_load(c, r3, SLOT(other[1]));
    leave(c, flags);

    here(c, paused); /* alone, there is nothing to remember */
    with_memory(c, false, 0x83, 7, r2, pause);
    code_8(c, PAUSE_SOLO);
    uint8_t *not_alone = jump_if(c, NOT_EQUAL);
    store_word(c, r2, inside, 0);
    code_load(c, r2, SLOT(other[0]));
    code_load(c, r3, SLOT(other[1]));
    leave(c, flags);

    here(c, outside);
    here(c, no_shadow);
    here(c, missed);
    here(c, not_alone);
    if (straddles)
        here(c, straddles);
    store_word(c, r2, inside, 0);
    here(c, nobody);
    code_load(c, r2, SLOT(other[0]));
    code_load(c, r3, SLOT(other[1]));
    go_slow(c, what, flags, (uintptr_t)&k->slow);

    here(c, leaves);
    code_load(c, r2, SLOT(other[0]));
    code_load(c, r3, SLOT(other[1]));
    go_slow(c, HOOK_LEAVE, flags, (uintptr_t)&k->slow);
}

uintptr_t thunk_access(struct module *m, enum hook hook, unsigned log2size, unsigned reg, bool flags)
{
    uintptr_t *t = &m->thunks[((hook * 4 + log2size) * GPRS + reg) * 2 + flags];
    if (*t)
        return *t;
    const struct constants *k = constants_of(m);
    struct code *c = &m->thunk_code;
    const uintptr_t at = ((uintptr_t)c->at + 15) & ~(uintptr_t)15;
    c->at = (uint8_t *)at;
    write_access(c, k, hook, log2size, reg, flags);
    return c->full ? 0 : (*t = at);
}

uintptr_t thunk_slow(struct module *m, uint32_t what, unsigned reg, bool flags)
{
    for (unsigned i = 0; i < m->nslow_thunks; i++)
        if (m->slow_thunks[i].what == what && m->slow_thunks[i].reg == reg && m->slow_thunks[i].flags == flags)
            return m->slow_thunks[i].at;
    const struct constants *k = constants_of(m);
    struct code *c = &m->thunk_code;
    const uintptr_t at = (uintptr_t)c->at;
    if (m->nslow_thunks == SLOW_THUNKS)
        return 0;
    if (flags)
        code_8(c, 0x9c);
    code_save(c, reg, SLOT(address));
    go_slow(c, what, flags, (uintptr_t)&k->slow);
    if (c->full)
        return 0;
    m->slow_thunks[m->nslow_thunks++] = (struct slow_thunk){what, (uint8_t)reg, flags, at};
    return at;
}
