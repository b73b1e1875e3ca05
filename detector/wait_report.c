/* See wait_report.h. */
#include "wait_report.h"

#include "lock.h"
#include "os.h"

#define PATIENCE_MS 60000 /* a report that takes longer is not waited for */

static uint32_t on_their_way; /* atomic: reports that were opened and not handed over yet */

/* `holder`: the one that it waits for in the cycle, whose lock comes first in what it holds. */
void wait_report_add(struct report_of_waits *r, struct actor *a, struct actor *holder, struct actor *waited_by)
{
    const struct wait_for *f = &a->wait.f;
    if (r->n == r->max)
        return;
    struct finding_step *s = &r->steps[r->n++];
    finding_step(s, STEP_WAITS, a->wait.stack, f->thing, f->thing == THING_THREAD ? 0 : f->key);
    s->exclusive = f->how & HOW_EXCLUSIVE;
    s->nheld = (int)a->nheld;
    actor_describe_live(a, &s->actor);
    s->actor.waits = true;
    if (holder) {
        s->has_target = true;
        s->target = holder->number;
        s->target_ended = holder->ended;
    }
    unsigned shown = a->nheld < FINDING_LOCKS ? a->nheld : FINDING_LOCKS;
    struct finding_lock *held = shown ? arena_alloc(shown * sizeof *held) : NULL;
    uint64_t wanted =
        waited_by ? waited_by->wait.f.thing == THING_COND ? waited_by->wait.f.mutex : waited_by->wait.f.key : 0;
    const struct held *first = wanted ? held_find(a, wanted) : NULL;
    unsigned k = 0;
    if (held && first)
        held[k++] = held_describe(first);
    for (unsigned i = 0; held && i < a->nheld && k < shown; i++)
        if (&a->held[i] != first)
            held[k++] = held_describe(&a->held[i]);
    s->held = held;
}

bool wait_report_open(struct report_of_waits *r, int n)
{
    *r = (struct report_of_waits){.max = n, .steps = arena_alloc((size_t)n * sizeof *r->steps)};
    if (!r->steps)
        return false;
    __atomic_fetch_add(&on_their_way, 1, __ATOMIC_SEQ_CST);
    return true;
}

/* Caller holds `waits`. */
bool wait_report_cycle(struct actor *a, struct actor *end, struct report_of_waits *r)
{
    int n = 1;
    for (struct actor *w = end; w != a; w = w->wait.from)
        n++;
    if (!wait_report_open(r, n))
        return false;
    /* Backwards along wait.from: the end waits for a; its forerunner waits for it ... */
    struct actor *holder = a;
    for (struct actor *w = end;; w = w->wait.from) {
        struct actor *waited_by = w == a ? end : w->wait.from;
        wait_report_add(r, w, holder, waited_by);
        w->wait.reported = true;
        holder = w;
        if (w == a)
            break;
    }
    return true;
}

/* The lock was held by somebody who has ended, or was left behind by fork: nobody will give it up. */
bool wait_report_orphan(struct actor *a, struct report_of_waits *r)
{
    const struct wait_for *f = &a->wait.f;
    struct lock *l = f->thing <= THING_SPIN ? lock_find(f->key) : NULL;
    if (!l || !l->orphan || !wait_report_open(r, 2))
        return false;
    wait_report_add(r, a, NULL, NULL);
    r->steps[0].has_target = r->steps[0].target_ended = true;
    r->steps[0].target = l->orphan->by.number;
    struct finding_step *s = &r->steps[r->n++];
    finding_step(s, STEP_TOOK, l->orphan->stack, f->thing, f->key);
    s->actor = l->orphan->by;
    s->exclusive = true;
    a->wait.reported = true;
    return true;
}

void wait_report_hand_over(struct actor *by, struct report_of_waits *r, bool everybody)
{
    struct finding f;
    finding_of_steps(&f, FINDING_DEADLOCK, TIER_HAPPENED, r->steps, r->n);
    f.everybody = everybody;
    finding_hand_over(by, &f);
    finding_steps_free(r->steps, r->n, r->max);
    __atomic_fetch_sub(&on_their_way, 1, __ATOMIC_SEQ_CST);
    if (host.deadlocked)
        host.deadlocked(everybody);
}

void wait_reports_finish(void)
{
    for (int ms = 0; ms < PATIENCE_MS && __atomic_load_n(&on_their_way, __ATOMIC_SEQ_CST); ms++)
        os_sleep_ms(1);
}
