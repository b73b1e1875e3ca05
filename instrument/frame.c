/* See frame.h.
 *
 * Compilers keep what an address is taken of above what they only put aside for a while. So an access below the lowest address
 * that the function takes is to something that no address leads to. How far the stack pointer is from where it was is followed through the
 * function; where it comes from nowhere (a case of a switch) it is taken to be where it is in most of a function: as deep as before. A
 * function for which that is not known, because it makes room of any size or aligns its frame, keeps nothing to itself once it
 * takes an address. */
#include "frame.h"

#include "reading.h"

static int32_t depth[READING_MOST]; /* of an instruction: the stack pointer, from where it was; or ... */
#define UNKNOWN INT32_MAX

static bool sets_frame_pointer(const struct insn *i)
{
    return i->memory == MEMORY_NONE && !i->takes_address && i->gpr_killed == 1u << GPR_BP &&
           i->gpr_read == 1u << GPR_SP;
}

static bool sets_stack(const struct insn *i)
{
    return i->gpr_written >> GPR_SP & 1;
}

static bool in_frame(const struct insn *i, const struct frame_use *use)
{
    return i->base == GPR_SP || (i->base == GPR_BP && use->frame_pointer);
}

/* Whether something may be kept below the stack pointer. */
static bool has_red_zone(const struct insn *insns, uint32_t n)
{
    bool calls = false, below = false;
    for (uint32_t k = 0; k < n; k++) {
        const struct insn *i = &insns[k];
        calls |= i->flow == FLOW_CALL || i->flow == FLOW_CALL_INDIRECT;
        below |= i->base == GPR_SP && i->displacement < 0 && !(i->takes_address && i->gpr_killed == 1u << GPR_SP);
    }
    return !calls || below;
}

static int32_t frame_pointer; /* where it points, from where the stack pointer was */

/* False: it cannot be followed. */
static bool follow(const struct insn *insns, const int32_t *target, uint32_t n, const struct frame_use *use)
{
    int32_t now = 0, deepest = 0;
    bool comes = true; /* from the instruction before */
    for (uint32_t k = 0; k < n; k++)
        depth[k] = UNKNOWN;
    for (uint32_t k = 0; k < n; k++) {
        const struct insn *i = &insns[k];
        if (depth[k] == UNKNOWN)
            depth[k] = comes ? now : deepest;
        now = depth[k];
        if (sets_frame_pointer(i))
            frame_pointer = now;
        if (i->stack_by)
            now += i->stack_by;
        else if (use->frame_pointer && sets_stack(i) && i->gpr_read >> GPR_BP & 1)
            now = frame_pointer; /* or nearly: the function is about to return */
        else if (i->stack_lost)
            return false;
        deepest = now < deepest ? now : deepest;
        if (target[k] >= 0 && i->flow != FLOW_CALL && depth[target[k]] == UNKNOWN)
            depth[target[k]] = now;
        comes = i->flow != FLOW_JUMP && i->flow != FLOW_JUMP_INDIRECT && i->flow != FLOW_RETURN && i->flow != FLOW_STOP;
    }
    return true;
}

/* Where in the frame the address is that the instruction names. */
static int64_t place(const struct insn *i, uint32_t k)
{
    return (int64_t)i->displacement + (i->base == GPR_SP ? depth[k] : frame_pointer);
}

/* The lowest address that the instruction takes. */
static int64_t takes(const struct insn *i, uint32_t k, const struct frame_use *use)
{
    if (sets_stack(i) || !i->gpr_written || sets_frame_pointer(i)) /* also push, pop, leave */
        return FRAME_NO_ADDRESS;
    if (i->takes_address)
        return in_frame(i, use) ? place(i, k) : FRAME_NO_ADDRESS;
    if (i->memory != MEMORY_NONE || i->flow != FLOW_NEXT)
        return FRAME_NO_ADDRESS;
    if (i->gpr_read == 1u << GPR_SP)
        return depth[k];
    if (use->frame_pointer && i->gpr_read == 1u << GPR_BP)
        return frame_pointer;
    return i->gpr_read >> GPR_SP & 1 ? INT64_MIN : FRAME_NO_ADDRESS; /* something is added to it */
}

static bool leaves(const struct insn *i, int32_t target)
{
    return i->flow == FLOW_JUMP_INDIRECT ||
           ((i->flow == FLOW_JUMP || i->flow == FLOW_BRANCH || i->flow == FLOW_COUNT) && target < 0);
}

/* Of a function with a red zone, in which all depths are known: its own accesses leave the lowest part alone, it has no address of the
 * red zone that others might be made of, and there is no other part of it elsewhere. */
static bool leaves_spare(const struct insn *insns, const int32_t *target, uint32_t n, const struct frame_use *use)
{
    for (uint32_t k = 0; k < n; k++) {
        const struct insn *i = &insns[k];
        if (leaves(i, target[k]) || takes(i, k, use) != FRAME_NO_ADDRESS)
            return false;
        if (i->memory != MEMORY_NONE && (in_frame(i, use) || (i->index == GPR_BP && use->frame_pointer)) &&
            (i->index != GPR_NONE || place(i, k) - depth[k] < FRAME_SPARE - FRAME_RED_ZONE))
            return false;
    }
    return true;
}

void frame_look(const struct insn *insns, const int32_t *target, uint32_t n, struct frame_use *use)
{
    *use = (struct frame_use){.red_zone = has_red_zone(insns, n), .taken = FRAME_NO_ADDRESS};
    for (uint32_t k = 0; k < n; k++) {
        use->frame_pointer |= sets_frame_pointer(&insns[k]);
        use->backward |= insns[k].backward;
        use->wide |= insns[k].wide;
    }
    const bool known = follow(insns, target, n, use);
    for (uint32_t k = 0; k < n; k++) {
        const int64_t at = takes(&insns[k], k, use);
        if (at < use->taken)
            use->taken = known ? at : INT64_MIN;
    }
    use->spare = !use->red_zone || (known && leaves_spare(insns, target, n, use));
}

bool frame_has(const struct insn *i, uint32_t k, const struct frame_use *use)
{
    return in_frame(i, use) &&
           (use->taken == FRAME_NO_ADDRESS || (use->taken != INT64_MIN && place(i, k) + i->size <= use->taken));
}
