/* See copy.h. Instruction by instruction: what is relative to its own place is written anew, with distances of 4 bytes.
 * Calls stay calls, with a return address in the copy, so the processor's prediction of returns holds. */
#include "copy.h"

#include "../detector/arena.h"
#include "check.h"
#include "reading.h"
#include "thunk.h"

static struct {
    uint8_t *at; /* 4 bytes that say how far it is to ... */
    uint32_t insn;
} fixes[READING_MOST];

static uint32_t nfixes;

/* The 4 bytes at the end of a jump to an instruction of the same function. */
static void fix_later(struct code *c, int32_t insn)
{
    fixes[nfixes].at = c->at;
    fixes[nfixes++].insn = (uint32_t)insn;
    code_32(c, 0);
}

static void distance_to(struct module *m, const struct insn *i, int32_t target)
{
    if (target >= 0)
        fix_later(&m->code, target);
    else
        code_relative(&m->code, engine_destination(m, i->target));
}

/* A call of what follows it, or of another place inside of its own function, which wants its address. */
static void push_return(struct code *c, uintptr_t value)
{
    code_move_stack(c, -8);
    CODE(c, 0xc7, 0x04, 0x24); /* mov to (rsp), by halves */
    code_32(c, (uint32_t)value);
    CODE(c, 0xc7, 0x44, 0x24, 0x04);
    code_32(c, (uint32_t)(value >> 32));
}

/* One that nothing but its place is to be changed of. */
static void write_plain(struct module *m, const struct insn *i)
{
    struct code *c = &m->code;
    const uint8_t *bytes = m->pristine + (i->at - m->image.text);
    if (!i->rip_at) {
        code_bytes(c, bytes, i->length);
        return;
    }
    int32_t distance;
    copy_bytes(&distance, bytes + i->rip_at, sizeof distance);
    const uintptr_t place = i->at + i->length + (uintptr_t)(intptr_t)distance;
    const intptr_t now = (intptr_t)(place - ((uintptr_t)c->at + i->length));
    if (now != (int32_t)now)
        c->full = true;
    distance = (int32_t)now;
    code_bytes(c, bytes, i->rip_at);
    code_bytes(c, &distance, sizeof distance);
    code_bytes(c, bytes + i->rip_at + 4, i->length - i->rip_at - 4u);
}

static void write_one(struct module *m, const struct insn *i, int32_t target)
{
    struct code *c = &m->code;
    switch (i->flow) {
    case FLOW_JUMP:
        code_8(c, 0xe9);
        distance_to(m, i, target);
        return;
    case FLOW_BRANCH:
        CODE(c, 0x0f, (uint8_t)(0x80 | i->condition));
        distance_to(m, i, target);
        return;
    case FLOW_COUNT: /* over a short jump that leads over the long one */
        code_bytes(c, m->pristine + (i->at - m->image.text), i->length - 1u);
        CODE(c, 2, 0xeb, 5, 0xe9);
        distance_to(m, i, target);
        return;
    case FLOW_CALL:
        if (target > 0) {
            push_return(c, i->at + i->length);
            code_8(c, 0xe9);
        } else {
            code_8(c, 0xe8);
        }
        distance_to(m, i, target);
        return;
    default:
        write_plain(m, i);
    }
}

static bool goes_on(const struct insn *i)
{
    return i->flow != FLOW_JUMP && i->flow != FLOW_JUMP_INDIRECT && i->flow != FLOW_RETURN && i->flow != FLOW_STOP;
}

static bool write_asides(struct module *m, const uint8_t *start, struct copied *to)
{
    const uint32_t n = check_pending();
    struct aside *asides = n ? arena_alloc(n * sizeof *asides) : NULL;
    if (n && !asides)
        return false;
    to->nasides = check_asides(m, reading.insns, start, asides);
    to->asides = asides;
    return true;
}

static void write_all(struct module *m, const struct function *f, struct copied *to)
{
    struct frame_use use;
    frame_look(reading.insns, reading.targets, to->n, &use);
    if (use.wide)
        thunk_leaves_wide(m);
    check_begin();
    nfixes = 0;
    uint8_t *start = m->code.at;
    for (uint32_t k = 0; k < to->n; k++) {
        const struct insn *i = &reading.insns[k];
        to->pairs[k] = (struct pair){(uint32_t)(i->at - f->start), (uint32_t)(m->code.at - start)};
        hooks_count(m, k, i, &use);
        if (!hooks_before(m, k, i, &reading.lives[k], &use))
            write_one(m, i, reading.targets[k]);
        hooks_after(m, k, i, &reading.lives[k], &use);
    }
    if (goes_on(&reading.insns[to->n - 1]))
        code_jump(&m->code, engine_destination(m, f->start + f->size));
    if (!write_asides(m, start, to))
        m->code.full = true;
    for (uint32_t k = 0; k < nfixes && !m->code.full; k++) {
        const uint8_t *target = start + to->pairs[fixes[k].insn].copy;
        const int32_t distance = (int32_t)(target - (fixes[k].at + 4));
        copy_bytes(fixes[k].at, &distance, sizeof distance);
    }
    to->copy = (uintptr_t)start;
    to->copy_size = (uint32_t)(m->code.at - start);
}

struct copied *copy_function(struct module *m, const struct function *f, const char **why)
{
    const uint32_t n = reading_make(m->pristine + (f->start - m->image.text), f->start, f->size, why);
    if (!n)
        return NULL;
    const size_t size = sizeof(struct copied) + n * sizeof(struct pair) + n;
    struct copied *to = arena_alloc(size);
    if (!to) {
        *why = "there is no memory";
        return NULL;
    }
    *to = (struct copied){.original = f->start, .size = f->size, .n = n};
    to->trapped = (uint8_t *)&to->pairs[n];
    zero_bytes(to->trapped, n);
    uint8_t *before = m->code.at;
    write_all(m, f, to);
    if (m->code.full) {
        m->code.at = before;
        m->code.full = false;
        if (to->asides)
            arena_free((void *)(uintptr_t)to->asides, to->nasides * sizeof *to->asides);
        arena_free(to, size);
        *why = "there is no room near it";
        return NULL;
    }
    return to;
}
