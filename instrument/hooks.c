/* See hooks.h. What is looked at: every access but those to constants and, in a function
 * that lets no address into its frame out, those to the frame itself. push, pop and call are not: nobody else reads there.
 *
 * The address goes to a register that the program does not need, or else to one whose value is put aside meanwhile. A load
 * that is a move is told after it is done, all else before: see access_hook.c. */
#include "hooks.h"

#include "slots.h"
#include "thunk.h"

/* ---- frames --------------------------------------------------------------------------------------------------------- */

static bool sets_frame_pointer(const struct insn *i)
{
    return i->memory == MEMORY_NONE && !i->takes_address && i->gpr_killed == 1u << GPR_BP &&
           i->gpr_read == 1u << GPR_SP;
}

static bool in_frame(const struct insn *i, const struct frame_use *use)
{
    return i->base == GPR_SP || (i->base == GPR_BP && use->frame_pointer);
}

void hooks_look(const struct insn *insns, uint32_t n, struct frame_use *use)
{
    bool calls = false, below = false;
    *use = (struct frame_use){false, false, false};
    for (uint32_t k = 0; k < n; k++) {
        const struct insn *i = &insns[k];
        use->frame_pointer |= sets_frame_pointer(i);
        calls |= i->flow == FLOW_CALL || i->flow == FLOW_CALL_INDIRECT;
        below |= i->base == GPR_SP && i->displacement < 0 && !(i->takes_address && i->gpr_killed == 1u << GPR_SP);
    }
    use->red_zone = !calls || below;
    for (uint32_t k = 0; k < n; k++) {
        const struct insn *i = &insns[k];
        const bool sets_stack = i->gpr_written >> GPR_SP & 1; /* also push, pop, leave */
        if (sets_stack || !i->gpr_written || sets_frame_pointer(i))
            continue;
        use->escapes |= i->takes_address && in_frame(i, use);
        /* A move of what points into the frame. */
        use->escapes |= i->memory == MEMORY_NONE && !i->takes_address && i->flow == FLOW_NEXT &&
                        (i->gpr_read == 1u << GPR_SP || (use->frame_pointer && i->gpr_read == 1u << GPR_BP));
    }
}

/* ---- code ----------------------------------------------------------------------------------------------------------- */

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

/* reg = the address that the instruction uses, and `more` */
static void address_to(struct code *c, unsigned reg, const struct insn *i, const uint8_t *bytes, int32_t more)
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

static void call_thunk(struct module *m, uintptr_t thunk, const struct frame_use *use)
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

/* A register for the address: not one of `not`; whether the program needs its value. */
static unsigned free_register(uint16_t live, uint16_t not, bool *needed)
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

static unsigned log2_of(unsigned size)
{
    return size >= 8 ? 3 : size >= 4 ? 2 : size >= 2 ? 1 : 0;
}

/* Whether the place is known to hold what nobody changes. */
static bool is_constant(const struct module *m, const struct insn *i, const uint8_t *bytes)
{
    if (!i->rip_at || i->writes)
        return false;
    int32_t distance;
    copy_bytes(&distance, bytes + i->rip_at, sizeof distance);
    const uintptr_t at = i->at + i->length + (uintptr_t)(intptr_t)distance;
    return at - m->image.data >= m->image.data_end - m->image.data ||
           at - m->image.relro < m->image.relro_end - m->image.relro;
}

/* Not a word of the C library's about the thread, like the guard of stacks: those lie from fs on upwards. */
static bool is_local_variable(const struct insn *i)
{
    return (i->base == GPR_NONE || i->index == GPR_NONE) &&
           (i->displacement < 0 || i->base != GPR_NONE || i->index != GPR_NONE);
}

static const uint8_t *bytes_of(const struct module *m, const struct insn *i)
{
    return m->pristine + (i->at - m->image.text);
}

enum place { PLACE_NONE, PLACE_SEEN, PLACE_FRAME, PLACE_CONSTANT, PLACE_OTHER };

static enum place place_of(const struct module *m, const struct insn *i, const uint8_t *bytes,
                           const struct frame_use *use)
{
    if (i->memory == MEMORY_NONE)
        return PLACE_NONE;
    if (i->memory == MEMORY_OTHER || i->segment || (i->local && i->memory == MEMORY_STRING))
        return PLACE_OTHER;
    if (i->local)
        return is_local_variable(i) ? PLACE_SEEN : PLACE_CONSTANT;
    if (i->memory == MEMORY_STRING || i->memory == MEMORY_LOCKED)
        return PLACE_SEEN;
    if (is_constant(m, i, bytes))
        return PLACE_CONSTANT;
    return in_frame(i, use) && !use->escapes ? PLACE_FRAME : PLACE_SEEN;
}

static bool is_seen(const struct module *m, const struct insn *i, const uint8_t *bytes, const struct frame_use *use)
{
    return place_of(m, i, bytes, use) == PLACE_SEEN;
}

void hooks_count(struct module *m, const struct insn *i, const struct frame_use *use)
{
    switch (place_of(m, i, bytes_of(m, i), use)) {
    case PLACE_NONE:
        break;
    case PLACE_SEEN:
        m->sites.seen++;
        break;
    case PLACE_FRAME:
        m->sites.frame++;
        break;
    case PLACE_CONSTANT:
        m->sites.constant++;
        break;
    case PLACE_OTHER:
        m->sites.other++;
        break;
    }
}

static bool told_after(const struct insn *i)
{
    return i->memory == MEMORY_MOVE && i->reads;
}

static enum hook hook_of(const struct insn *i)
{
    switch (i->memory) {
    case MEMORY_MOVE:
        return i->reads ? HOOK_LOADED : HOOK_STORE;
    case MEMORY_UPDATE:
        return HOOK_UPDATE;
    default:
        return i->writes ? HOOK_WRITE : HOOK_READ;
    }
}

static void tell_slowly(struct module *m, uint32_t what, unsigned reg, bool flags, const struct frame_use *use)
{
    call_thunk(m, thunk_slow(m, what, reg, flags), use);
}

static void string_before(struct module *m, const struct insn *i, bool flags, const struct frame_use *use)
{
    const uint32_t size = log2_of(i->size) << WHAT_SIZE_SHIFT | (i->repeats ? WHAT_REPEATS : 0);
    const bool from = i->gpr_read >> 6 & 1, to = i->gpr_read >> 7 & 1;
    if (from)
        tell_slowly(m, HOOK_STRING_READ | size, 0, flags, use);
    if (to)
        tell_slowly(m, (i->writes ? HOOK_STRING_WRITE : HOOK_STRING_READ) | size | WHAT_DESTINATION, 0, flags, use);
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

bool hooks_split(struct module *m, const struct insn *i, const struct live *l, const struct frame_use *use)
{
    struct code *c = &m->code;
    const uint8_t *bytes = bytes_of(m, i);
    if (!i->splits || !is_seen(m, i, bytes, use))
        return false;
    bool value_needed, needed;
    const uint16_t used = i->gpr_read | i->gpr_written;
    /* One of the first four has a low byte that needs no prefix. */
    const unsigned value = free_register(l->gprs, used | 0xfff0u, &value_needed);
    const unsigned reg = free_register(l->gprs, (uint16_t)(used | 1u << value), &needed);
    if (value_needed)
        code_save(c, value, SLOT(kept[1]));
    if (needed)
        code_save(c, reg, SLOT(kept[0]));
    address_to(c, reg, i, bytes, 0);
    load_through(c, value, reg, i->size);
    call_thunk(m, thunk_access(m, HOOK_LOADED, log2_of(i->size), reg, l->flags != 0), use);
    with_register_for_memory(c, i, bytes, value);
    if (needed)
        code_load(c, reg, SLOT(kept[0]));
    if (value_needed)
        code_load(c, value, SLOT(kept[1]));
    return true;
}

void hooks_before(struct module *m, const struct insn *i, const struct live *l, const struct frame_use *use)
{
    struct code *c = &m->code;
    const uint8_t *bytes = bytes_of(m, i);
    if (!is_seen(m, i, bytes, use))
        return;
    if (i->memory == MEMORY_STRING) {
        string_before(m, i, l->flags != 0, use);
        return;
    }
    bool needed;
    const bool after = told_after(i);
    const uint16_t used = after ? i->gpr_read | i->gpr_written : i->gpr_read;
    const unsigned reg = free_register(l->gprs, used, &needed);
    if (needed)
        code_save(c, reg, SLOT(kept[0]));
    if (after) {
        address_to(c, reg, i, bytes, 0);
        return;
    }
    const bool flags = l->flags != 0;
    if (i->memory == MEMORY_LOCKED) {
        address_to(c, reg, i, bytes, 0);
        tell_slowly(m, HOOK_LOCK_BEGINS | log2_of(i->size) << WHAT_SIZE_SHIFT, reg, flags, use);
    } else {
        for (unsigned at = 0; at < i->size; at += 8) {
            const unsigned rest = i->size - at, size = rest < 8 ? rest : 8;
            address_to(c, reg, i, bytes, (int32_t)at);
            call_thunk(m, thunk_access(m, hook_of(i), log2_of(size), reg, flags), use);
        }
    }
    if (needed)
        code_load(c, reg, SLOT(kept[0]));
}

void hooks_after(struct module *m, const struct insn *i, const struct live *l, const struct frame_use *use)
{
    if (!is_seen(m, i, bytes_of(m, i), use))
        return;
    const bool flags = l->flags_after != 0;
    if (i->memory == MEMORY_LOCKED) {
        tell_slowly(m, HOOK_LOCK_ENDS, 0, flags, use);
    } else if (told_after(i)) {
        bool needed;
        const unsigned reg = free_register(l->gprs, i->gpr_read | i->gpr_written, &needed);
        call_thunk(m, thunk_access(m, HOOK_LOADED, log2_of(i->size), reg, flags), use);
        if (needed)
            code_load(&m->code, reg, SLOT(kept[0]));
    }
}
