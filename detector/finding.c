/* See finding.h. Cleared by the core's own means: for an initialiser of this size compilers call memset, which is the program's. */
#include "finding.h"

#include "actor.h"

void finding_step(struct finding_step *s, enum step_role role, uint32_t stack, enum thing thing, uint64_t addr)
{
    zero_bytes(s, sizeof *s);
    s->role = role;
    s->stack = stack;
    s->thing = thing;
    s->addr = addr;
}

void finding_of_steps(struct finding *f, enum finding_kind kind, enum finding_tier tier,
                      const struct finding_step *steps, int nsteps)
{
    zero_bytes(f, sizeof *f);
    f->kind = kind;
    f->tier = tier;
    f->steps = steps;
    f->nsteps = nsteps;
}

void finding_hand_over(struct actor *by, const struct finding *f)
{
    if (host.found)
        host.found(by, f);
}

void finding_held_free(struct finding_step *s)
{
    const int shown = s->nheld < FINDING_LOCKS ? s->nheld : FINDING_LOCKS;
    if (s->held)
        arena_free((void *)(uintptr_t)s->held, (size_t)shown * sizeof *s->held);
    s->held = NULL;
}

void finding_steps_free(struct finding_step *steps, int n, int room)
{
    for (int i = 0; i < n; i++)
        finding_held_free(&steps[i]);
    arena_free(steps, (size_t)room * sizeof *steps);
}
