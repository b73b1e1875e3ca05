/* Findings about those who wait for ever, or may; grouped by the place where they wait. */
#include "left.h"

#include "lock.h"
#include "reach.h"
#include "wait.h"

#define SHOWN 16 /* of one place */
#define PATH 8

struct left_report {
    struct left_report *next;
    struct finding f;
    struct finding_step steps[SHOWN];
    struct finding_object path[PATH];
};

static bool same_place(const struct waiting *w, const struct waiting *first)
{
    return !w->told && w->reached == first->reached && w->a->wait.stack == first->a->wait.stack &&
           w->a->wait.f.thing == first->a->wait.f.thing;
}

static bool note_holder(struct actor *holder, void *ctx)
{
    struct finding_step *s = ctx;
    s->has_target = true;
    s->target = holder->number;
    s->target_ended = holder->ended;
    return true;
}

static void describe(struct finding_step *s, struct actor *a)
{
    const struct wait_for *f = &a->wait.f;
    finding_step(s, STEP_WAITS, a->wait.stack, f->thing, f->thing == THING_THREAD ? 0 : f->key);
    s->exclusive = f->how & HOW_EXCLUSIVE;
    actor_describe_live(a, &s->actor);
    s->actor.waits = true;
    os_lock(&actors_lock);
    wait_each_holder(a, note_holder, s);
    os_unlock(&actors_lock);
    unsigned shown = a->nheld < FINDING_LOCKS ? a->nheld : FINDING_LOCKS;
    struct finding_lock *held = shown ? arena_alloc(shown * sizeof *held) : NULL;
    for (unsigned i = 0; held && i < shown; i++)
        held[i] = held_describe(&a->held[i]);
    s->nheld = (int)a->nheld;
    s->held = held;
}

struct left_report *left_report(struct left_report *next, size_t i)
{
    struct waiting *first = left_at(i);
    struct left_report *r = arena_alloc(sizeof *r);
    int n = 0, more = 0;
    if (!r)
        return next;
    for (; i < left_count(); i++) {
        struct waiting *w = left_at(i);
        if (!same_place(w, first) && w != first)
            continue;
        w->told = true;
        if (n < SHOWN)
            describe(&r->steps[n++], w->a);
        else
            more++;
    }
    finding_of_steps(&r->f, FINDING_STUCK, first->reached ? TIER_SUSPECTED : TIER_HAPPENED, r->steps, n);
    r->f.nmore = more;
    if (first->reached && !r->steps[0].has_target && first->key) {
        r->f.path = r->path;
        r->f.npath = reach_path((uintptr_t)first->key, r->path, PATH);
    }
    r->next = next;
    return r;
}

void left_hand_over(struct actor *by, struct left_report *first)
{
    for (struct left_report *r = first, *next; r; r = next) {
        next = r->next;
        finding_hand_over(by, &r->f);
        for (int i = 0; i < r->f.nsteps; i++)
            finding_held_free(&r->steps[i]);
        arena_free(r, sizeof *r);
    }
}
