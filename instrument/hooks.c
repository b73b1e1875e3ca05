/* See hooks.h. What is looked at: every access but those to constants and, those to
 * the part of the stack frame that no address leads to (frame.h). push, pop and call are not: nobody else reads there. */
#include "hooks.h"

#include "check.h"
#include "operand.h"
#include "prefetch.h"
#include "slots.h"
#include "thunk.h"

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

static enum place place_of(const struct module *m, uint32_t k, const struct insn *i, const uint8_t *bytes,
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
    return frame_has(i, k, use) ? PLACE_FRAME : PLACE_SEEN;
}

void hooks_count(struct module *m, uint32_t k, const struct insn *i, const struct frame_use *use)
{
    switch (place_of(m, k, i, bytes_of(m, i), use)) {
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

static enum hook hook_of(const struct insn *i)
{
    switch (i->memory) {
    case MEMORY_MOVE:
        return i->reads ? HOOK_LOADED : HOOK_STORE;
    case MEMORY_UPDATE:
        return HOOK_UPDATE;
    default:
        return i->splits ? HOOK_LOADED : i->writes ? HOOK_WRITE : HOOK_READ;
    }
}

static void tell_slowly(struct module *m, const struct insn *i, uint32_t what, unsigned reg, bool flags,
                        const struct frame_use *use)
{
    check_call(m, i, thunk_slow(m, what, reg, flags), use);
}

static void string_before(struct module *m, const struct insn *i, bool flags, const struct frame_use *use)
{
    const uint32_t size = operand_log2(i->size) << WHAT_SIZE_SHIFT | (i->repeats ? WHAT_REPEATS : 0);
    const bool from = i->gpr_read >> 6 & 1, to = i->gpr_read >> 7 & 1;
    if (from)
        tell_slowly(m, i, HOOK_STRING_READ | size, 0, flags, use);
    if (to)
        tell_slowly(m, i, (i->writes ? HOOK_STRING_WRITE : HOOK_STRING_READ) | size | WHAT_DESTINATION, 0, flags, use);
}

static void locked_before(struct module *m, const struct insn *i, const uint8_t *bytes, const struct live *l,
                          const struct frame_use *use)
{
    bool needed;
    const unsigned reg = operand_register(l->gprs, i->gpr_read, &needed);
    if (needed)
        code_save(&m->code, reg, SLOT(kept[0]));
    operand_address(&m->code, reg, i, bytes, 0);
    const unsigned log2size = operand_log2(i->size);
    check_call(m, i,
               l->flags || use->backward ? thunk_slow(m, HOOK_LOCK_BEGINS | log2size << WHAT_SIZE_SHIFT, reg, true)
                                         : thunk_missed(m, HOOK_LOCK_BEGINS, log2size, reg, check_uses_wide(use)),
               use);
    if (needed)
        code_load(&m->code, reg, SLOT(kept[0]));
}

bool hooks_before(struct module *m, uint32_t k, const struct insn *i, const struct live *l, const struct frame_use *use)
{
    const uint8_t *bytes = bytes_of(m, i);
    if (i->prefetches)
        prefetch_write(&m->code, i, bytes, l);
    if (place_of(m, k, i, bytes, use) != PLACE_SEEN)
        return false;
    if (i->memory == MEMORY_STRING)
        string_before(m, i, l->flags != 0, use);
    else if (i->memory == MEMORY_LOCKED)
        locked_before(m, i, bytes, l, use);
    else if (check_is_behind(i, hook_of(i)))
        check_hold(m, i, bytes, l, use);
    else
        return check_write(m, k, i, bytes, l, use, hook_of(i));
    return false;
}

void hooks_after(struct module *m, uint32_t k, const struct insn *i, const struct live *l, const struct frame_use *use)
{
    const uint8_t *bytes = bytes_of(m, i);
    check_after(m, k);
    if (place_of(m, k, i, bytes, use) != PLACE_SEEN)
        return;
    if (i->memory == MEMORY_LOCKED)
        check_call(m, i, thunk_locked(m), use);
    else if (i->memory == MEMORY_MOVE && check_is_behind(i, hook_of(i)))
        check_write(m, k, i, bytes, l, use, hook_of(i));
}
