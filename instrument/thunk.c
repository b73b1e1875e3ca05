/* See thunk.h. They put down what is known of the access and go on to access_hook.c, which is too far for a call. */
#include "thunk.h"

#include "slots.h"

/* What thunks of a module read. */
struct constants {
    uint64_t missed, slow;
};

static struct constants *constants_of(struct module *m)
{
    struct code *c = &m->thunk_code;
    struct constants *k = (struct constants *)(m->area);
    if ((uintptr_t)c->at != m->area)
        return k;
    *k = (struct constants){(uintptr_t)access_hook_missed, (uintptr_t)access_hook_entry};
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

uintptr_t thunk_missed(struct module *m, enum hook hook, unsigned log2size, unsigned reg)
{
    uintptr_t *t = &m->thunks[(hook * THUNK_SIZES + log2size) * GPRS + reg];
    if (*t)
        return *t;
    const struct constants *k = constants_of(m);
    struct code *c = &m->thunk_code;
    const uintptr_t at = (uintptr_t)c->at;
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
