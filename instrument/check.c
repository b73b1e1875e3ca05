/* See check.h. A check (covered.h) takes one register, or two, that the program does not need, or else that are put aside meanwhile: each
 * time another one, as what goes through memory at each check would be waited for at each (put_aside). Flags that are needed are left alone, or
 * put aside. What fails is looked at again (thunk.h), and then told to the detector
 * (access_hook.c).
 *
 * A store is checked, and told, before it is run. A load after it, as it may be the one by which the program's threads are ordered: were it
 * checked before, then what another thread stores in between would be read and not asked for. Where it overwrites its address, that is
 * kept in a register meanwhile; where it is part of an operation, it is taken out of it, and the operation is done with what was loaded.
 *
 * No check is left out because an earlier one of the same block says as much: a function may be entered behind the earlier one, by a table of
 * jumps or from a part of it that lies elsewhere, and then nobody would have asked; and a store in between may be a release of the program's.
 *
 * Measured and left: no FORM_QUIET (1.15 of the time on xz), or only where the program does not need rcx (1.12); FORM_QUIET also for stores of
 * rcx (.96 on xz, 1.07 on pbzip2, where what is stored is waited for); rax as the check's own register where flags are put aside (no
 * difference). */
#include "check.h"

#include "covered.h"
#include "operand.h"
#include "reading.h"
#include "site.h"
#include "slots.h"
#include "thunk.h"

#define AX 0
#define CX 1

enum {
    ADDRESS,
    FIRST,
    HELD,
    REGISTERS
}; /* of a check; HELD: what is needed behind it, the address or what was loaded */
struct registers {
    uint8_t reg[REGISTERS];
    bool kept[REGISTERS]; /* put aside */
};
/* How a check looks: by two registers; by one; by rcx alone, with the flags as they are. */
enum form { FORM_TWO, FORM_ONE, FORM_QUIET };

struct pending {
    uint32_t insn;
    enum hook hook;
    enum form form;
    bool behind; /* the instruction, or before it */
    bool moved;  /* the address is in HELD */
    struct registers inline_registers;
    uint16_t live; /* general registers, where the check is */
    bool flags;    /* are live */
    struct covered_jumps fails;
    const uint8_t *on, *after; /* behind the check, and behind the instruction */
    struct frame_use use;
};
static struct pending pending[READING_MOST];
static uint32_t npending;
static struct unwind_row row; /* of the last call of a thunk */

void check_begin(void)
{
    row = (struct unwind_row){0};
    npending = 0;
}

uint32_t check_pending(void)
{
    return npending;
}

/* below: what is below the stack pointer stays. */
static void call(struct module *m, const struct insn *i, uintptr_t thunk, bool below)
{
    struct code *c = &m->code;
    if (!thunk)
        c->full = true;
    if (below)
        code_move_stack(c, -FRAME_RED_ZONE);
    site_push(c, unwind_rule(i->at, &row) | (below ? SITE_BELOW : 0));
    code_call(c, thunk);
    code_move_stack(c, (int32_t)sizeof(uint64_t) + (below ? FRAME_RED_ZONE : 0));
}

void check_call(struct module *m, const struct insn *i, uintptr_t thunk, const struct frame_use *use)
{
    call(m, i, thunk, use->red_zone);
}

/* ---- the check ------------------------------------------------------------------------------------------------------ */

/* Where a register is put aside over a check: below the stack pointer if that is nobody's (frame.h), as newer processors take what is stored
 * there and loaded again from a register, and nobody waits for it (half of a check's time otherwise); else in slots. A
 * vector or mask register instead was no better than slots. */
enum aside_place { ASIDE_KEPT, ASIDE_AX = REGISTERS, ASIDE_FLAGS };

static void put_aside(struct code *c, bool spare, unsigned place, unsigned reg, bool back)
{
    static const size_t slot[] = {offsetof(struct slots, kept[ADDRESS]), offsetof(struct slots, kept[FIRST]),
                                  offsetof(struct slots, kept[HELD]), offsetof(struct slots, ax),
                                  offsetof(struct slots, flags)};
    _Static_assert(sizeof slot / sizeof *slot * 8 == FRAME_SPARE, "room for each");
    if (spare)
        code_memory(c, true, back ? 0x8b : 0x89, reg, GPR_SP, 8 * (int32_t)place - FRAME_RED_ZONE); /* mov */
    else
        (back ? code_load : code_save)(c, reg, slots_offset(&slots) + (int32_t)slot[place]);
}

/* lahf has all flags but overflow. */
static void keep_flags(struct code *c, bool spare)
{
    put_aside(c, spare, ASIDE_AX, AX, false);
    CODE(c, 0x9f, 0x0f, 0x90, 0xc0); /* lahf; seto al */
    put_aside(c, spare, ASIDE_FLAGS, AX, false);
    put_aside(c, spare, ASIDE_AX, AX, true);
}

static void put_back_flags(struct code *c, bool spare)
{
    put_aside(c, spare, ASIDE_AX, AX, false);
    put_aside(c, spare, ASIDE_FLAGS, AX, true);
    CODE(c, 0x04, 0x7f, 0x9e); /* add al, 127, which overflows if al is 1; sahf */
    put_aside(c, spare, ASIDE_AX, AX, true);
}

static void keep(struct code *c, bool spare, const struct registers *r, unsigned from, unsigned to)
{
    for (unsigned k = from; k < to; k++)
        if (r->kept[k])
            put_aside(c, spare, ASIDE_KEPT + k, r->reg[k], false);
}

static void put_back(struct code *c, bool spare, const struct registers *r, unsigned which)
{
    if (r->kept[which])
        put_aside(c, spare, ASIDE_KEPT + which, r->reg[which], true);
}

/* What the check itself has used. */
static void put_back_used(struct code *c, bool spare, const struct registers *r)
{
    put_back(c, spare, r, ADDRESS);
    put_back(c, spare, r, FIRST);
}

static void put_back_all(struct code *c, bool spare, const struct registers *r)
{
    put_back_used(c, spare, r);
    put_back(c, spare, r, HELD);
}

bool check_uses_wide(const struct frame_use *use)
{
    return !use->wide && covered_has_wide();
}

/* An access that has no inline check: by thunks, in parts. */
static void ask(struct module *m, const struct insn *i, const uint8_t *bytes, const struct live *l,
                const struct frame_use *use, bool below, enum hook hook)
{
    struct code *c = &m->code;
    const bool flags = l->flags != 0 || use->backward;
    bool needed;
    const unsigned reg = operand_register(l->gprs, i->gpr_read, &needed);
    if (needed)
        code_save(c, reg, SLOT(kept[0]));
    for (unsigned at = 0, size; at < i->size; at += size) {
        const unsigned rest = i->size - at, log2size = operand_log2(rest > 32 ? 32 : rest);
        size = 1u << log2size;
        operand_address(c, reg, i, bytes, (int32_t)at);
        call(m, i,
             flags ? thunk_slow(m, hook | log2size << WHAT_SIZE_SHIFT, reg, true)
                   : thunk_missed(m, hook, log2size, reg, check_uses_wide(use)),
             below || use->red_zone);
    }
    if (needed)
        code_load(c, reg, SLOT(kept[0]));
}

static bool loses_address(const struct insn *i)
{
    const uint16_t address =
        (uint16_t)((i->base == GPR_NONE ? 0 : 1u << i->base) | (i->index == GPR_NONE ? 0 : 1u << i->index));
    return i->gpr_written & address;
}

bool check_is_behind(const struct insn *i, enum hook hook)
{
    return hook == HOOK_LOADED && i->memory == MEMORY_MOVE;
}

/* What the program needs where the check is. */
static struct live needed(const struct live *l, bool behind)
{
    return (struct live){
        .gprs = behind ? l->gprs_after : l->gprs, .flags = behind ? l->flags_after : l->flags, .soon = l->soon};
}

/* One that is needed, but not soon; each time another one. */
static unsigned rare_register(const struct live *l, uint16_t not )
{
    static unsigned last;
    for (unsigned k = 0; k < GPRS; k++) {
        last = (last + GPRS - 1) % GPRS;
        if (last != GPR_SP && last != GPR_BP && !((l->soon | not ) >> last & 1))
            return last;
    }
    bool needed;
    return operand_register(ALL_GPRS, not, &needed);
}

static void choose(struct registers *r, unsigned which, const struct live *l, uint16_t not )
{
    r->reg[which] = (uint8_t)operand_register(l->gprs, not, &r->kept[which]);
    if (r->kept[which])
        r->reg[which] = (uint8_t)rare_register(l, not );
}

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

static bool is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0x67 || (byte & ~0x18) == 0x26 || byte == 0x64 || byte == 0x65 || byte == 0xf0 ||
           byte == 0xf2 || byte == 0xf3;
}

/* The instruction with the register `reg` for its memory. A REX prefix counts only behind all others. */
static void with_register_for_memory(struct code *c, const struct insn *i, const uint8_t *bytes, unsigned reg)
{
    const unsigned opcode_at = i->rex_at == NO_REX ? 0 : i->rex_at + 1u;
    unsigned rex = i->rex_at == NO_REX ? 0 : bytes[i->rex_at] & 0x4cu; /* not what belongs to the address */
    unsigned k = 0;
    if (i->rex_at == NO_REX)
        while (is_prefix(bytes[k]))
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

/* Of a library that is seen for the order it makes (engine.h), all loads are told, covered or not. Its atomic variables are used by code with
 * the compiler's hooks as well (inline functions of oneTBB's headers), and a hook does the operation first, with the object of the place
 * held (sync.h), and then notes the access. In between the load sees the new value, and nothing that could end its being covered by an
 * earlier plain load has happened; who is told finds that the place has an object, and waits for it. */
static bool is_told_always(const struct module *m, enum hook hook)
{
    return m->orders_only && hook == HOOK_LOADED;
}

/* By what was added, not as a copy of itself. */
static bool is_run(const struct pending *p)
{
    return p->hook == HOOK_LOADED && !p->behind;
}

/* Registers that cannot stand for the memory of an instruction of one byte: without a REX prefix 4 to 7 are the upper bytes of 0 to 3, and
 * with one no upper byte can be named. */
static uint16_t not_bytes(const struct insn *i, const uint8_t *bytes)
{
    if (i->size > 1 || i->rex_at != NO_REX)
        return 0;
    return (bytes[i->modrm_at] >> 3 & 7) < 4 ? 0x00f0 : 0xfff0;
}

/* rcx only if there is no other: it is what FORM_QUIET uses. */
static void choose_held(struct registers *r, const struct insn *i, const uint8_t *bytes, const struct live *l)
{
    const uint16_t not =
        (uint16_t)(i->gpr_read | i->gpr_written | 1u << GPR_SP | (i->splits ? not_bytes(i, bytes) : 0));
    const uint16_t or_cx = (uint16_t)(not | 1u << CX);
    choose(r, HELD, l, or_cx == 0xffff ? not : or_cx);
}

static enum form form_of(const struct insn *i, const struct live *l, bool wide, uint16_t held)
{
    if (!wide || !covered_alone_fits(i))
        return FORM_TWO;
    return l->flags && i->size <= 8 && !((i->gpr_read | held) >> CX & 1) ? FORM_QUIET : FORM_ONE;
}

static void choose_inline(struct pending *p, const struct insn *i, const struct live *l, uint16_t held)
{
    struct registers *r = &p->inline_registers;
    const uint16_t not = i->gpr_read | held;
    if (p->form == FORM_QUIET) {
        r->reg[ADDRESS] = CX;
        r->kept[ADDRESS] = l->gprs >> CX & 1;
        return;
    }
    choose(r, ADDRESS, l, not );
    if (p->form == FORM_TWO)
        choose(r, FIRST, l, (uint16_t)(not | 1u << r->reg[ADDRESS]));
}

static void write_inline(struct code *c, struct pending *p, const struct insn *i, const uint8_t *bytes, bool wide)
{
    const unsigned log2size = operand_log2(i->size), a = p->inline_registers.reg[ADDRESS];
    const bool writes = hook_writes(p->hook), parts = log2size > 3 && !wide;
    switch (p->form) {
    case FORM_QUIET:
        covered_quietly(c, i, bytes, writes, &p->fails);
        return;
    case FORM_ONE:
        covered_alone(c, a, i, bytes, writes, &p->fails);
        return;
    case FORM_TWO:
        for (int32_t at = 0; at < (parts ? i->size : 1); at += 8) {
            operand_address(c, a, i, bytes, at);
            covered_check(c, a, p->inline_registers.reg[FIRST], parts ? 3 : log2size, writes, wide, &p->fails);
        }
    }
}

/* Of the instruction that is being written: the register that has the address over the load that it is lost by. */
static struct registers held;

void check_hold(struct module *m, const struct insn *i, const uint8_t *bytes, const struct live *lives,
                const struct frame_use *use)
{
    const struct live l = needed(lives, true);
    held.kept[HELD] = false;
    if (!loses_address(i))
        return;
    choose_held(&held, i, bytes, &l);
    keep(&m->code, use->spare, &held, HELD, REGISTERS);
    operand_address(&m->code, held.reg[HELD], i, bytes, 0);
}

/* The same access by the address in a register. */
static struct insn through(const struct insn *i, unsigned reg)
{
    struct insn moved = *i;
    moved.base = (uint8_t)reg;
    moved.index = GPR_NONE;
    moved.displacement = 0;
    moved.rip_at = 0;
    moved.local = moved.segment = false;
    moved.gpr_read = (uint16_t)(1u << reg);
    return moved;
}

static void load_held(struct code *c, struct pending *p, const struct insn *i, const uint8_t *bytes,
                      const struct live *l)
{
    struct registers *r = &p->inline_registers;
    choose_held(r, i, bytes, l);
    keep(c, p->use.spare, r, HELD, REGISTERS);
    operand_address(c, r->reg[HELD], i, bytes, 0);
    load_through(c, r->reg[HELD], r->reg[HELD], i->size);
}

static bool keeps_flags(const struct pending *p)
{
    return p->flags && p->form != FORM_QUIET;
}

bool check_write(struct module *m, uint32_t k, const struct insn *insn, const uint8_t *bytes, const struct live *lives,
                 const struct frame_use *use, enum hook hook)
{
    struct code *c = &m->code;
    const bool behind = check_is_behind(insn, hook), moved = behind && loses_address(insn);
    const struct insn by_held = through(insn, held.reg[HELD]), *i = moved ? &by_held : insn;
    const struct live live = needed(lives, behind), *l = &live;
    const unsigned log2size = operand_log2(i->size);
    const bool wide = check_uses_wide(use);
    if (use->backward || log2size > 4 || i->size != 1u << log2size) {
        ask(m, i, bytes, l, use, moved && use->spare, hook);
        if (moved)
            put_back(c, use->spare, &held, HELD);
        return false;
    }
    if (npending == READING_MOST) {
        c->full = true;
        return false;
    }
    struct pending *p = &pending[npending++];
    *p = (struct pending){.insn = k,
                          .hook = hook,
                          .behind = behind,
                          .moved = moved,
                          .live = l->gprs,
                          .flags = l->flags != 0,
                          .use = *use};
    if (moved)
        p->inline_registers = held;
    if (is_told_always(m, hook)) {
        p->form = FORM_QUIET;
        p->fails.at[p->fails.n++] = code_jump_on(c);
        p->on = c->at;
        put_back(c, use->spare, &p->inline_registers, HELD);
        return is_run(p);
    }
    if (is_run(p))
        load_held(c, p, i, bytes, l);
    const uint16_t holds = moved || is_run(p) ? (uint16_t)(1u << p->inline_registers.reg[HELD]) : 0;
    p->form = form_of(i, l, wide, holds);
    choose_inline(p, i, l, holds);
    if (keeps_flags(p))
        keep_flags(c, use->spare);
    keep(c, use->spare, &p->inline_registers, ADDRESS, HELD);
    write_inline(c, p, i, bytes, wide);
    if (keeps_flags(p))
        put_back_flags(c, use->spare);
    put_back_used(c, use->spare, &p->inline_registers);
    p->on = c->at;
    if (is_run(p))
        with_register_for_memory(c, i, bytes, p->inline_registers.reg[HELD]);
    put_back(c, use->spare, &p->inline_registers, HELD);
    return is_run(p);
}

void check_after(struct module *m, uint32_t k)
{
    if (npending && pending[npending - 1].insn == k)
        pending[npending - 1].after = m->code.at;
}

/* ---- aside ---------------------------------------------------------------------------------------------------------- */

/* What a load reads and writes stays as it is while it is run. */
static struct registers choose_aside(const struct pending *p, const struct insn *i, const uint8_t *bytes)
{
    struct registers r = {.kept = {false}};
    uint16_t not = i->gpr_read | (is_run(p) ? i->gpr_written : 0);
    if (is_run(p)) {
        r.reg[HELD] = (uint8_t)operand_register(p->live, not | not_bytes(i, bytes), &r.kept[HELD]);
        not |= (uint16_t)(1u << r.reg[HELD]);
    }
    r.reg[ADDRESS] = (uint8_t)operand_register(p->live, not, &r.kept[ADDRESS]);
    return r;
}

static void write_aside(struct module *m, const struct pending *p, const struct insn *insn)
{
    struct code *c = &m->code;
    const struct insn by_held = through(insn, p->inline_registers.reg[HELD]), *i = p->moved ? &by_held : insn;
    const uint8_t *bytes = m->pristine + (i->at - m->image.text);
    const struct registers r = choose_aside(p, i, bytes);
    const unsigned reg = r.reg[ADDRESS];
    const bool spare = p->use.spare;
    const uintptr_t thunk = thunk_missed(m, p->hook, operand_log2(i->size), reg, check_uses_wide(&p->use));
    covered_jumps_here(c, &p->fails);
    if (keeps_flags(p))
        put_back_flags(c, spare);
    if (p->moved)
        put_back_used(c, spare, &p->inline_registers);
    else
        put_back_all(c, spare, &p->inline_registers);
    if (p->flags)
        keep_flags(c, false);
    keep(c, false, &r, ADDRESS, p->moved ? HELD : REGISTERS);
    operand_address(c, reg, i, bytes, 0);
    if (is_run(p))
        load_through(c, r.reg[HELD], reg, i->size);
    call(m, i, thunk, p->use.red_zone || (spare && p->moved)); /* HELD is put back behind it */
    if (p->flags)
        put_back_flags(c, false);
    if (is_run(p))
        with_register_for_memory(c, i, bytes, r.reg[HELD]);
    put_back_all(c, false, &r);
    code_jump(c, (uintptr_t)(is_run(p) ? p->after : p->on));
}

uint32_t check_asides(struct module *m, const struct insn *insns, const uint8_t *start, struct aside *asides)
{
    for (uint32_t k = 0; k < npending && !m->code.full; k++) {
        asides[k] = (struct aside){(uint32_t)(m->code.at - start), pending[k].insn};
        write_aside(m, &pending[k], &insns[pending[k].insn]);
    }
    return npending;
}
