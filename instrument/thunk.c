/* See thunk.h. They put down what is known of the access and go on to access_hook.c, which is too far for a call. */
#include "thunk.h"

#include "covered.h"
#include "regions.h"
#include "slots.h"

#define RDI 7u
#define STRADDLE_MOST 4u /* log2 of the size */

/* What thunks of a module read. */
struct constants {
    uint64_t missed[2], slow;             /* missed: by whether wide */
    uint64_t needs[2][STRADDLE_MOST + 1]; /* covered_needs() */
};

static struct constants *constants_of(struct module *m)
{
    struct code *c = &m->thunk_code;
    struct constants *k = (struct constants *)(m->area);
    if ((uintptr_t)c->at != m->area)
        return k;
    k->missed[0] = (uintptr_t)access_hook_missed;
    k->missed[1] = (uintptr_t)access_hook_missed_wide;
    k->slow = (uintptr_t)access_hook_entry;
    for (unsigned log2size = 1; log2size <= STRADDLE_MOST; log2size++)
        for (unsigned writes = 0; writes < 2; writes++)
            k->needs[writes][log2size] = (uintptr_t)covered_needs(log2size, writes);
    c->at += sizeof *k;
    return k;
}

void thunk_leaves_wide(struct module *m)
{
    __atomic_store_n(&constants_of(m)->missed[1], (uintptr_t)access_hook_missed, __ATOMIC_RELAXED);
}

/* For access_hook_missed. */
static void pass(struct code *c, uint32_t what, unsigned reg)
{
    CODE(c, 0x56, 0x57); /* push rsi, rdi */
    if (reg != RDI)
        code_registers(c, true, 0x89, reg, RDI); /* mov */
    code_8(c, 0xbe);                             /* mov esi */
    code_32(c, what);
}

static void say(struct code *c, uint32_t what, unsigned reg)
{
    code_save(c, reg, SLOT(address));
    CODE(c, 0x64, 0xc7, 0x04, 0x25); /* mov */
    code_32(c, (uint32_t)SLOT(what));
    code_32(c, what);
}

#define SCRATCH 2

static void save_scratch(struct code *c, const unsigned r[SCRATCH], unsigned k)
{
    code_save(c, r[k], SLOT(scratch[0]) + 8 * (int32_t)k);
}
static void load_scratch(struct code *c, const unsigned r[SCRATCH], unsigned k)
{
    code_load(c, r[k], SLOT(scratch[0]) + 8 * (int32_t)k);
}

/* Where it goes on if the access at the address in a is not one that leaves its granule, or two if it is of 16 bytes; b is lost. */
static uint8_t *jump_if_inside(struct code *c, unsigned a, unsigned b, unsigned log2size)
{
    if (log2size > 3) {
        code_registers(c, false, 0xf7, 0, a); /* test */
        code_32(c, GRANULE - 1);
    } else {
        code_memory(c, true, 0x8d, b, a, (1 << log2size) - 1); /* lea */
        code_registers(c, false, 0x31, a, b);                  /* xor */
        code_registers(c, false, 0xf7, 0, b);
        code_32(c, GRANULE);
    }
    return code_jump_if(c, 4);
}

/* Goes back if the access leaves its granule, which the check has not looked at, and is known after all. Wide. */
static void return_if_known(struct code *c, const struct constants *k, enum hook hook, unsigned log2size, unsigned reg)
{
    unsigned r[SCRATCH], n = 0;
    struct covered_jumps unknown = {.n = 0};
    for (unsigned other = 0; n < SCRATCH; other++)
        if (other != reg && other != GPR_SP && other != GPR_BP)
            r[n++] = other;
    save_scratch(c, r, 0);
    uint8_t *inside = jump_if_inside(c, reg, r[0], log2size);
    save_scratch(c, r, 1);
    covered_straddle(c, reg, r[0], r[1], log2size, (uintptr_t)&k->needs[hook_writes(hook)][log2size], &unknown);
    load_scratch(c, r, 1);
    load_scratch(c, r, 0);
    code_8(c, 0xc3);
    covered_jumps_here(c, &unknown);
    load_scratch(c, r, 1);
    code_here(c, inside);
    load_scratch(c, r, 0);
}

uintptr_t thunk_missed(struct module *m, enum hook hook, unsigned log2size, unsigned reg, bool wide)
{
    _Static_assert(THUNKS == (HOOK_LOCK_BEGINS + 1) * THUNK_SIZES * GPRS * 2, "a place for each");
    uintptr_t *t = &m->thunks[((hook * THUNK_SIZES + log2size) * GPRS + reg) * 2 + wide];
    if (*t)
        return *t;
    const struct constants *k = constants_of(m);
    struct code *c = &m->thunk_code;
    const uintptr_t at = (uintptr_t)c->at;
    if (wide && hook < HOOKS_CHECKED && log2size > 0 && log2size <= STRADDLE_MOST)
        return_if_known(c, k, hook, log2size, reg);
    pass(c, hook | log2size << WHAT_SIZE_SHIFT, reg);
    CODE(c, 0xff, 0x25); /* jmp */
    code_relative(c, (uintptr_t)&k->missed[wide]);
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
        code_8(c, 0x9c); /* pushfq */
    say(c, what | (flags ? WHAT_FLAGS : 0), reg);
    CODE(c, 0xff, 0x15); /* call */
    code_relative(c, (uintptr_t)&k->slow);
    if (flags)
        code_8(c, 0x9d); /* popfq */
    code_8(c, 0xc3);
    if (c->full)
        return 0;
    m->slow_thunks[m->nslow_thunks++] = (struct slow_thunk){what, (uint8_t)reg, flags, at};
    return at;
}

#define AX 0u
#define CX 1u

/* The detector is asked only if somebody was at the place since it was told of the instruction. No flag is changed. */
uintptr_t thunk_locked(struct module *m)
{
    static const unsigned r[SCRATCH] = {CX, AX};
    const uintptr_t ask = thunk_slow(m, HOOK_LOCK_ENDS, AX, true);
    struct code *c = &m->thunk_code;
    if (m->locked_thunk || !ask)
        return m->locked_thunk;
    const uintptr_t at = (uintptr_t)c->at;
    save_scratch(c, r, 0);
    save_scratch(c, r, 1);
    code_load(c, CX, SLOT(turn));
    code_load(c, AX, SLOT(version_next));
    code_memory(c, true, 0x8b, CX, CX, 0); /* mov */
    code_registers(c, true, 0xf7, 2, CX);  /* not */
    code_sum(c, CX, CX, AX, 0, 0);
    uint8_t *known = code_jump_if_none(c);
    load_scratch(c, r, 1);
    load_scratch(c, r, 0);
    code_jump(c, ask);
    code_near(c, known, c->at);
    load_scratch(c, r, 1);
    load_scratch(c, r, 0);
    code_8(c, 0xc3);
    return c->full ? 0 : (m->locked_thunk = at);
}
