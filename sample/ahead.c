/* See ahead.h.
 *
 * An interrupt comes behind an instruction that takes long, which an access does, so the place of an interrupt is nearly always just
 * behind an access and hardly ever before one. So it only says in which part of the code the time is spent; which access is
 * sampled is drawn from what lies ahead of it, and a breakpoint stops whoever gets there first. */
#include "ahead.h"

#define STEPS 64
#define WAYS 16

struct way {
    uintptr_t at;
    int caller; /* index in pcs; 0: not known */
};

static bool looks_like_one(const struct insn *i)
{
    const bool constant =
        i->rip_at && !i->writes && !place_writable(i->at + i->length + (uintptr_t)(intptr_t)i->displacement);
    return i->memory != MEMORY_NONE && i->memory != MEMORY_OTHER && i->base != GPR_SP && !i->local && !i->segment &&
           !constant;
}

static int add(uintptr_t *out, int n, uintptr_t at)
{
    for (int k = 0; k < n; k++)
        if (out[k] == at)
            return n;
    out[n] = at;
    return n + 1;
}

static void turn(struct way *ways, int *n, uintptr_t at, int caller)
{
    for (int k = 0; k < *n; k++)
        if (ways[k].at == at)
            return;
    if (*n < WAYS && at)
        ways[(*n)++] = (struct way){at, caller};
}

int ahead_find(const struct stand *s, uintptr_t *out)
{
    struct way ways[WAYS];
    int nways = 0, n = 0, steps = 0, frame = 0;
    while (frame < s->n && place_of(s->pcs[frame]) != PLACE_PROGRAM)
        frame++;
    if (frame == s->n)
        return 0;
    turn(ways, &nways, s->pcs[frame], frame + 1);
    for (int w = 0; w < nways; w++) {
        uintptr_t at = ways[w].at;
        const int caller = ways[w].caller;
        struct insn i;
        for (bool on = true; on && steps < STEPS && n < AHEAD_MAX; steps++, at += i.length) {
            if (place_of(at) != PLACE_PROGRAM || !place_insn(at, &i))
                break;
            if (looks_like_one(&i))
                n = add(out, n, at);
            on = i.flow == FLOW_NEXT || i.flow == FLOW_BRANCH || i.flow == FLOW_COUNT || i.flow == FLOW_CALL ||
                 i.flow == FLOW_CALL_INDIRECT;
            if (i.flow == FLOW_CALL)
                turn(ways, &nways, i.target, 0);
            else if (i.flow == FLOW_JUMP || i.flow == FLOW_BRANCH || i.flow == FLOW_COUNT)
                turn(ways, &nways, i.target, caller);
            else if (i.flow == FLOW_RETURN && caller && caller < s->n)
                turn(ways, &nways, s->pcs[caller], caller + 1);
        }
    }
    return n;
}
