/* See live.h. Backwards, until nothing changes. Where the function is left, all registers are needed: a compiler that knows
 * both sides may rely on any of them (gcc -fipa-ra); flags pass no call and no return. */
#include "live.h"

static bool one(const struct insn *insns, const int32_t *target, uint32_t n, uint32_t k, struct live *live)
{
    const struct insn *i = &insns[k];
    uint16_t gprs = 0, flags = 0;
    bool on = true;
    switch (i->flow) {
    case FLOW_NEXT:
        break;
    case FLOW_BRANCH:
    case FLOW_COUNT:
    case FLOW_JUMP:
        if (target[k] >= 0) {
            gprs = live[target[k]].gprs;
            flags = live[target[k]].flags;
        } else {
            gprs = ALL_GPRS;
            flags = ALL_FLAGS; /* another part of the same function, perhaps */
        }
        on = i->flow != FLOW_JUMP;
        break;
    case FLOW_CALL:
    case FLOW_CALL_INDIRECT:
        gprs = ALL_GPRS;
        break;
    case FLOW_JUMP_INDIRECT:
        gprs = ALL_GPRS;
        flags = ALL_FLAGS;
        on = false;
        break;
    case FLOW_RETURN:
    case FLOW_STOP:
        gprs = ALL_GPRS;
        on = false;
        break;
    }
    if (on && k + 1 < n) {
        gprs |= live[k + 1].gprs;
        flags |= i->flow == FLOW_CALL || i->flow == FLOW_CALL_INDIRECT ? 0 : live[k + 1].flags;
    } else if (on) {
        gprs = ALL_GPRS;
        flags = ALL_FLAGS;
    }
    const struct live now = {(uint16_t)((gprs & ~i->gpr_killed) | i->gpr_read),
                             (uint16_t)((flags & ~i->flags_killed) | i->flags_read), gprs, flags, 0};
    const bool changed = now.gprs != live[k].gprs || now.flags != live[k].flags;
    live[k] = now;
    return changed;
}

#define SOON 6

static uint16_t used_soon(const struct insn *insns, uint32_t n, uint32_t k)
{
    uint16_t used = 0;
    for (uint32_t j = k; j < n && j < k + SOON; j++)
        used |= insns[j].gpr_read | insns[j].gpr_written;
    return used;
}

void live_find(const struct insn *insns, const int32_t *target, uint32_t n, struct live *live)
{
    for (uint32_t k = 0; k < n; k++)
        live[k] = (struct live){0, 0, 0, 0, 0};
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t k = n; k-- > 0;)
            changed |= one(insns, target, n, k, live);
    }
    for (uint32_t k = 0; k < n; k++)
        live[k].soon = used_soon(insns, n, k);
}
