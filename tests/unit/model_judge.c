/* Holding what the core reports of an access against the oracle; see test_race_model.c for what has to hold. */
#include "model.h"

#include "../../detector/finding.h"

#include <stdarg.h>
#include <stdio.h>

#define REPORTS 4096

struct report {
    uintptr_t pc[2];
    enum access_kind kind[2];
    uintptr_t addr[2];
    uint64_t number[2];
};

struct oracle oracle;
char model_failure[400];
uint64_t model_judged, model_races;

static struct report reports[REPORTS];
static int nreports;

void judge_found(struct actor *by, const struct finding *f)
{
    (void)by;
    if (f->kind != FINDING_RACE || nreports == REPORTS)
        return;
    struct report *r = &reports[nreports++];
    for (int side = 0; side < 2; side++) {
        const struct finding_access *a = &f->access[side];
        uintptr_t pc[1] = {0};
        context_pcs(a->stack, pc, 1);
        r->pc[side] = pc[0];
        r->kind[side] = a->kind;
        r->addr[side] = a->addr;
        r->number[side] = a->actor.number;
    }
}

static void fail_step(int step, const char *format, ...)
{
    va_list list;
    if (model_failure[0])
        return;
    int n = snprintf(model_failure, sizeof model_failure, "step %d: ", step);
    va_start(list, format);
    vsnprintf(model_failure + n, sizeof model_failure - (size_t)n, format, list);
    va_end(list);
}

/* Where in the program a step accesses memory: a place of its own, or one of a few that are passed again and again. */
static unsigned site_of(const struct run *run, int step)
{
    return run->manner.sites ? (unsigned)step * 7919u % run->manner.sites : (unsigned)step;
}

uintptr_t pc_of(const struct run *run, int step)
{
    return run->pc + site_of(run, step) * 16u;
}

static unsigned site_and_kind(const struct run *run, int access)
{
    return site_of(run, run->step_of_access[access]) * (ACCESS_FREE + 1u) + oracle.access[access].kind;
}

static bool was_reported(const struct run *run, int late, int early)
{
    unsigned e = site_and_kind(run, early);
    return run->reported[site_and_kind(run, late)][e / 8] >> e % 8 & 1;
}

/* Whether side `side` of the report may be the access. */
static bool shows(const struct run *run, const struct report *r, int side, int access)
{
    const struct oracle_access *a = &oracle.access[access];
    uintptr_t begin = (uintptr_t)run->base + a->offset;
    return r->pc[side] == pc_of(run, run->step_of_access[access]) && r->kind[side] == a->kind &&
           r->number[side] == run->number[a->actor] && r->addr[side] >= begin && r->addr[side] < begin + a->size;
}

static bool races(int early, int late)
{
    const struct oracle_access *l = &oracle.access[late];
    for (unsigned b = l->offset; b < l->offset + l->size; b++)
        if (oracle_remembers(&oracle, early, b) && oracle_race_at(&oracle, early, late, b))
            return true;
    return false;
}

static void judge_report(struct run *run, int step, int late, const struct report *r)
{
    if (!shows(run, r, 0, late)) {
        fail_step(step, "side 0 is not this access: pc %#lx kind %d actor %lu at %#lx", (unsigned long)r->pc[0],
                  r->kind[0], (unsigned long)r->number[0], (unsigned long)r->addr[0]);
        return;
    }
    bool shown = false;
    for (int early = 0; early < late; early++) {
        if (!shows(run, r, 1, early))
            continue;
        shown = true;
        if (races(early, late)) {
            unsigned e = site_and_kind(run, early), l = site_and_kind(run, late);
            run->reported[l][e / 8] |= (unsigned char)(1u << e % 8);
            run->reported[e][l / 8] |= (unsigned char)(1u << l % 8);
            return;
        }
    }
    fail_step(step,
              shown ? "reported, and does not race with: pc %#lx kind %d actor %lu at %#lx"
                    : "the earlier side is no access that was: pc %#lx kind %d actor %lu at %#lx",
              (unsigned long)r->pc[1], r->kind[1], (unsigned long)r->number[1], (unsigned long)r->addr[1]);
}

/* Whether the race of `early` and `late` on the byte was told now or before: itself, or by two that stand for them. */
static bool explained(const struct run *run, int early, int late, unsigned byte)
{
    if (was_reported(run, late, early))
        return true;
    const short *history = oracle.history[byte];
    for (int i = oracle.history_length[byte] - 1; i >= 0; i--) {
        if (!oracle_repeats(&oracle, history[i], late))
            continue;
        for (int k = 0; k < oracle.history_length[byte]; k++) {
            int x = history[i > k ? i : k], y = history[i > k ? k : i];
            if (was_reported(run, x, y) && oracle_race_at(&oracle, y, x, byte) &&
                oracle_stands(&oracle, history[k], early, byte))
                return true;
        }
    }
    return false;
}

static void judge(struct run *run, int step, int late)
{
    const struct oracle_access *l = &oracle.access[late];
    model_judged++;
    for (int i = 0; i < nreports; i++)
        judge_report(run, step, late, &reports[i]);
    for (unsigned b = l->offset; b < l->offset + l->size && !model_failure[0]; b++) {
        for (int h = 0; h < oracle.history_length[b] - 1; h++) {
            int early = oracle.history[b][h];
            if (!oracle_race_at(&oracle, early, late, b))
                continue;
            model_races++;
            if (!explained(run, early, late, b)) {
                fail_step(step, "byte %u races with step %d, which was not reported (%d reports)", b,
                          run->step_of_access[early], nreports);
                return;
            }
        }
    }
}

void judge_begin(void)
{
    nreports = 0;
}

void judge_access(struct run *run, int step, struct place *me, unsigned offset, unsigned size, enum access_kind kind)
{
    int number = oracle_access(&oracle, me->number, offset, size, kind);
    run->step_of_access[number] = step;
    judge(run, step, number);
}

void judge_ignored(int step)
{
    if (nreports)
        fail_step(step, "an ignored access was reported");
}
