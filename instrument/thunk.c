/* See thunk.h. They put down what is known of the access and go on to access_hook.c, which is too far for a call. */
#include "thunk.h"

#include "covered.h"
#include "slots.h"

#define STRADDLE_MOST 4u /* log2 of the size */

/* What thunks of a module read. */
struct constants {
    uint64_t missed, slow;
    uint64_t needs[2][STRADDLE_MOST + 1]; /* covered_needs() */
};

static struct constants *constants_of(struct module *m)
{
    struct code *c = &m->thunk_code;
    struct constants *k = (struct constants *)(m->area);
    if ((uintptr_t)c->at != m->area)
        return k;
    k->missed = (uintptr_t)access_hook_missed;
    k->slow = (uintptr_t)access_hook_entry;
    for (unsigned log2size = 1; log2size <= STRADDLE_MOST; log2size++)
        for (unsigned writes = 0; writes < 2; writes++)
            k->needs[writes][log2size] = (uintptr_t)covered_needs(log2size, writes);
    c->at += sizeof *k;
    return k;
}

static void say(struct code *c, uint32_t what, unsigned reg)
{
    code_save(c, reg, SLOT(address));
    CODE(c, 0x64, 0xc7, 0x04, 0x25); /* mov */
    code_32(c, (uint32_t)SLOT(what));
    code_32(c, what);
}

/* Goes back if the access leaves its granule and is known: such a one the check has not looked at. */
static void return_if_known(struct code *c, const struct constants *k, enum hook hook, unsigned log2size, unsigned reg)
{
    unsigned other[2], n = 0;
    struct covered_jumps fails = {.n = 0};
    for (unsigned r = 0; n < 2; r++)
        if (r != reg)
            other[n++] = r;
    for (n = 0; n < 2; n++)
        code_save(c, other[n], SLOT(scratch[0]) + 8 * (int32_t)n);
    covered_straddle(c, reg, other[0], other[1], log2size, (uintptr_t)&k->needs[hook_writes(hook)][log2size], &fails);
    for (n = 0; n < 2; n++)
        code_load(c, other[n], SLOT(scratch[0]) + 8 * (int32_t)n);
    code_8(c, 0xc3);
    covered_jumps_here(c, &fails);
    for (n = 0; n < 2; n++)
        code_load(c, other[n], SLOT(scratch[0]) + 8 * (int32_t)n);
}

uintptr_t thunk_missed(struct module *m, enum hook hook, unsigned log2size, unsigned reg, bool wide)
{
    uintptr_t *t = &m->thunks[((hook * THUNK_SIZES + log2size) * GPRS + reg) * 2 + wide];
    if (*t)
        return *t;
    const struct constants *k = constants_of(m);
    struct code *c = &m->thunk_code;
    const uintptr_t at = (uintptr_t)c->at;
    if (wide && log2size > 0 && log2size <= STRADDLE_MOST)
        return_if_known(c, k, hook, log2size, reg);
    say(c, hook | log2size << WHAT_SIZE_SHIFT, reg);
    CODE(c, 0xff, 0x25); /* jmp */
    code_relative(c, (uintptr_t)&k->missed);
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
