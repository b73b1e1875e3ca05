/* The core against its definition: random scripts are played to the core through detector.h and to the naive oracle, and
 * every single access must be judged alike.
 *
 *   sound     what the core reports is a race in the oracle, with the very access that it names as the earlier one (by
 *             pc, kind, actor, size), or with one that cannot be told from it in order;
 *   complete  every race of an access in the oracle is reported, or was already, or one that stands for it: the core may
 *             leave out an earlier access only for one that is just as much a race and not older (oracle_stands), and a
 *             later one only for one of the same actor in the same epoch (oracle_repeats).
 *
 * A report is recognised by its code addresses. In half of the scripts each step has one of its own; in the others a few
 * are passed again and again, so that the caches of the core are hit, and then a pair of code addresses needs to be
 * reported only once, in whichever order. The process is one detector for all scripts; main lives through all of them, alone between two,
 * and each script gets its actors anew.
 *
 * A failure prints the seed and the shortest script that still fails. GORACE_MODEL_SEED=n plays one seed,
 * GORACE_MODEL_SCRIPTS=n sets how many. */
#include "script.h"

#include "../../detector/access.h"
#include "../../detector/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define STEPS 250
#define SCRIPTS 4000
#define REPORTS 4096
#define KEYS 9

struct report {
    uintptr_t pc[2];
    enum access_kind kind[2];
    uintptr_t addr[2];
    size_t size[2];
    uint64_t number[2];
};

struct place {
    struct actor *actor; /* NULL: free */
    int number;          /* in the oracle */
    bool ended, detached;
    int ignore_all, ignore_reads, ignore_writes;
};

static struct oracle oracle;
static struct report reports[REPORTS];
static int nreports;
static struct actor *main_actor;
static char *arena;
static char failure[400];
static uintptr_t next_pc = 0x100000;
static uint64_t actors_born = 1; /* main is number 0 */
static uint64_t steps_played, collected, accesses_judged, races_seen;

/* The core collects when it has made enough states; here (ld --wrap), also when a script says so. */
static bool collect_now;
bool __real_state_crowded(void);
bool __wrap_state_crowded(void);
bool __wrap_state_crowded(void)
{
    return collect_now || __real_state_crowded();
}

static void found(struct actor *by, const struct finding *f)
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
        r->size[side] = a->size;
        r->number[side] = a->actor.number;
    }
}

static void fail_step(int step, const char *format, ...)
{
    va_list list;
    if (failure[0])
        return;
    int n = snprintf(failure, sizeof failure, "step %d: ", step);
    va_start(list, format);
    vsnprintf(failure + n, sizeof failure - (size_t)n, format, list);
    va_end(list);
}

/* ---- one run ------------------------------------------------------------------------------------------------- */

#define SITES (STEPS * (ACCESS_FREE + 1))

struct run {
    const struct step *steps;
    struct script_manner manner;
    char *base;
    uintptr_t pc; /* of site 0 */
    struct place places[SCRIPT_PLACES];
    bool block_alive[SCRIPT_BLOCKS];
    uint64_t number[ORACLE_ACTORS];              /* in the core */
    int step_of_access[ORACLE_ACCESSES];
    unsigned char reported[SITES][SITES / 8 + 1]; /* pairs of site and kind, in both orders */
};

static uint64_t key_of(const struct run *run, unsigned key)
{
    switch (key) {
    case 0: /* inside of the raw part: goes when the bytes become fresh */
        return (uintptr_t)run->base + 8;
    case 1: /* inside of a heap block */
        return (uintptr_t)run->base + script_blocks[0].offset + 16;
    case 2: /* no address */
        return (uint64_t)1 << 63 | (uintptr_t)run->base;
    default: /* neighbours, as the two clocks of a rwlock are */
        return (uintptr_t)run->base + ORACLE_ARENA + key;
    }
}

/* Where in the program a step accesses memory: a place of its own, or one of a few that are passed again and again. */
static unsigned site_of(const struct run *run, int step)
{
    return run->manner.sites ? (unsigned)step * 7919u % run->manner.sites : (unsigned)step;
}

static uintptr_t pc_of(const struct run *run, int step)
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
        fail_step(step, "side 0 is not this access: pc %#lx kind %d actor %lu at %#lx", (unsigned long)r->pc[0], r->kind[0],
                  (unsigned long)r->number[0], (unsigned long)r->addr[0]);
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
    fail_step(step, shown ? "reported, and does not race with: pc %#lx kind %d actor %lu at %#lx"
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

static void judge_access(struct run *run, int step, int late)
{
    const struct oracle_access *l = &oracle.access[late];
    accesses_judged++;
    for (int i = 0; i < nreports; i++)
        judge_report(run, step, late, &reports[i]);
    for (unsigned b = l->offset; b < l->offset + l->size && !failure[0]; b++) {
        for (int h = 0; h < oracle.history_length[b] - 1; h++) {
            int early = oracle.history[b][h];
            if (!oracle_race_at(&oracle, early, late, b))
                continue;
            races_seen++;
            if (!explained(run, early, late, b)) {
                fail_step(step, "byte %u races with step %d, which was not reported (%d reports)", b,
                          run->step_of_access[early], nreports);
                return;
            }
        }
    }
}

static void record(struct run *run, int step, struct place *me, unsigned offset, unsigned size, enum access_kind kind)
{
    int number = oracle_access(&oracle, me->number, offset, size, kind);
    run->step_of_access[number] = step;
    judge_access(run, step, number);
}

static void access_core(struct actor *a, uintptr_t addr, unsigned size, enum access_kind kind, uintptr_t pc, bool fast)
{
    switch (fast ? size : 0) {
    case 1:
        access_fast(a, addr, 1, kind, pc);
        return;
    case 2:
        access_fast(a, addr, 2, kind, pc);
        return;
    case 4:
        access_fast(a, addr, 4, kind, pc);
        return;
    case 8:
        access_fast(a, addr, 8, kind, pc);
        return;
    default:
        mem_access(a, addr, size, kind, pc);
    }
}

static void do_access(struct run *run, int step, struct place *me, const struct step *s)
{
    bool read = s->access == ACCESS_READ, write = s->access == ACCESS_WRITE;
    /* What the ignore-reads and ignore-writes of the annotations mean for an atomic access is nowhere defined. */
    if (s->offset + s->size > ORACLE_ARENA || (!read && !write && (me->ignore_reads || me->ignore_writes)))
        return;
    bool ignored = me->ignore_all || (read && me->ignore_reads) || (write && me->ignore_writes);
    nreports = 0;
    access_core(me->actor, (uintptr_t)run->base + s->offset, s->size, s->access, pc_of(run, step), s->fast);
    if (!ignored)
        record(run, step, me, s->offset, s->size, s->access);
    else if (nreports)
        fail_step(step, "an ignored access was reported");
}

static void do_free(struct run *run, int step, struct place *me, unsigned block)
{
    const struct block_place *b = &script_blocks[block];
    nreports = 0;
    heap_free(me->actor, (uintptr_t)run->base + b->offset, pc_of(run, step));
    run->block_alive[block] = false;
    record(run, step, me, b->offset, b->size, ACCESS_FREE);
    if (block == 0)
        oracle_forget(&oracle, 1);
}

static void do_alloc(struct run *run, int step, struct place *me, unsigned block)
{
    const struct block_place *b = &script_blocks[block];
    heap_alloc(me->actor, (uintptr_t)run->base + b->offset, b->size, pc_of(run, step));
    run->block_alive[block] = true;
    oracle_fresh(&oracle, b->offset, (b->size + GRANULE - 1) & ~(GRANULE - 1));
    if (block == 0)
        oracle_forget(&oracle, 1);
}

static void do_fresh(struct run *run, struct place *me, unsigned offset, unsigned size)
{
    mem_fresh(me->actor, (uintptr_t)run->base + offset, size);
    oracle_fresh(&oracle, offset, size);
    if (offset <= 8 && offset + size > 8)
        oracle_forget(&oracle, 0);
}

/* Fills an empty place. A stranger's past is all that those who live have done so far. */
static void do_born(struct run *run, struct place *p, struct place *parent, uintptr_t pc)
{
    *p = (struct place){.actor = actor_born(parent ? parent->actor : NULL, pc),
                        .number = oracle_born(&oracle, parent ? parent->number : -1)};
    run->number[p->number] = actors_born++;
    for (struct place *o = run->places; !parent && o < run->places + SCRIPT_PLACES; o++)
        if (o != p && o->actor && !o->ended)
            oracle_learns(&oracle, p->number, o->number);
}

/* Ends what the place ignores. */
static void awaken(struct place *p)
{
    for (; p->ignore_all; p->ignore_all--)
        actor_ignore_end(p->actor);
    if (p->ignore_reads)
        actor_ignore_reads(p->actor, -1);
    if (p->ignore_writes)
        actor_ignore_writes(p->actor, -1);
    p->ignore_reads = p->ignore_writes = 0;
}

static void end(struct place *p)
{
    awaken(p);
    actor_ends(p->actor);
    p->ended = true;
    if (p->detached)
        p->actor = NULL;
}

static void collect(struct actor *a)
{
    collect_now = true;
    pause_set(a, PAUSE_COLLECT);
    if (actor_enter(a))
        actor_leave(a);
    collect_now = false;
    collected++;
}

/* Place 0 is the script's own main: it does not end before the others. */
static void play_step(struct run *run, int i)
{
    const struct step *s = &run->steps[i];
    struct place *me = &run->places[s->actor];
    bool awake = me->actor && !me->ended;
    bool ignoring = me->ignore_all || me->ignore_reads || me->ignore_writes;
    uintptr_t pc = pc_of(run, i);

    switch (s->kind) {
    case STEP_BORN: {
        struct place *p = &run->places[s->other];
        if (awake && !ignoring && !p->actor && oracle.actors < ORACLE_ACTORS)
            do_born(run, p, me, pc);
        return;
    }
    case STEP_STRANGER:
        if (!me->actor && oracle.actors < ORACLE_ACTORS)
            do_born(run, me, NULL, pc);
        return;
    case STEP_COLLECT:
        if (awake)
            collect(me->actor);
        return;
    case STEP_END:
        if (awake && s->actor != 0)
            end(me);
        return;
    case STEP_JOIN: {
        struct place *p = &run->places[s->other];
        if (!awake || ignoring || !p->actor || !p->ended)
            return;
        actor_joins(me->actor, p->actor);
        oracle_joins(&oracle, me->number, p->number);
        p->actor = NULL;
        return;
    }
    case STEP_DETACH: {
        struct place *p = &run->places[s->other];
        if (!awake || !p->actor || p->detached || s->other == 0)
            return;
        actor_detached(p->actor);
        p->detached = true;
        if (p->ended)
            p->actor = NULL;
        return;
    }
    case STEP_ACQUIRE:
        if (!awake || ignoring)
            return;
        sync_acquire(me->actor, key_of(run, s->other));
        oracle_acquire(&oracle, me->number, s->other);
        return;
    case STEP_RELEASE:
    case STEP_MERGE:
        if (!awake || ignoring)
            return;
        if (s->kind == STEP_MERGE)
            sync_release_merge(me->actor, key_of(run, s->other));
        else
            sync_release(me->actor, key_of(run, s->other));
        oracle_release(&oracle, me->number, s->other, s->kind == STEP_MERGE);
        return;
    case STEP_FORGET:
        if (!awake || ignoring)
            return;
        sync_forget(me->actor, key_of(run, s->other));
        oracle_forget(&oracle, s->other);
        return;
    case STEP_ACCESS:
        if (awake)
            do_access(run, i, me, s);
        return;
    case STEP_FRESH:
        if (awake && !ignoring && s->offset + s->size <= SCRIPT_RAW)
            do_fresh(run, me, s->offset, s->size);
        return;
    case STEP_ALLOC:
        if (awake && !ignoring && !run->block_alive[s->other])
            do_alloc(run, i, me, s->other);
        return;
    case STEP_FREE:
        if (awake && !ignoring && run->block_alive[s->other])
            do_free(run, i, me, s->other);
        return;
    case STEP_IGNORE:
        if (!awake)
            return;
        if (s->access == ACCESS_READ) {
            actor_ignore_reads(me->actor, me->ignore_reads ? -1 : 1);
            me->ignore_reads = !me->ignore_reads;
        } else if (s->access == ACCESS_WRITE) {
            actor_ignore_writes(me->actor, me->ignore_writes ? -1 : 1);
            me->ignore_writes = !me->ignore_writes;
        } else if (me->ignore_all == 2) {
            for (; me->ignore_all; me->ignore_all--)
                actor_ignore_end(me->actor);
        } else {
            actor_ignore_begin(me->actor);
            me->ignore_all++;
        }
        return;
    case STEP_KINDS:
        return;
    }
}

#define ARENA_SIZE 4096

/* Plays `n` steps on a fresh arena; false when the core and the oracle differ (failure[] then says how). */
static bool play(const struct step *steps, int n, struct script_manner manner)
{
    static struct run run;
    memset(&run, 0, sizeof run);
    run.steps = steps;
    run.manner = manner;
    run.base = arena;
    run.pc = next_pc;
    next_pc += STEPS * 16;
    oracle_reset(&oracle);
    failure[0] = 0;
    for (unsigned key = 0; key < KEYS; key++)
        sync_forget(main_actor, key_of(&run, key));

    struct place *first = &run.places[0], outside = {.actor = main_actor};
    if (manner.from_main)
        *first = (struct place){.actor = main_actor, .number = oracle_born(&oracle, -1)};
    else
        do_born(&run, first, &outside, run.pc);
    for (int i = 0; i < n && !failure[0]; i++) {
        play_step(&run, i);
        steps_played++;
    }
    /* Nobody's accesses are remembered any more, so that main can find itself alone again. */
    awaken(first);
    mem_fresh(main_actor, (uintptr_t)arena, ARENA_SIZE);
    collect(main_actor);
    for (int p = SCRIPT_PLACES - 1; p >= 0; p--) {
        struct place *me = &run.places[p];
        if (!me->actor)
            continue;
        awaken(me);
        if (me->actor == main_actor)
            continue;
        if (!me->ended)
            end(me);
        if (me->actor)
            actor_joins(main_actor, me->actor);
    }
    return !failure[0];
}

/* Leaves out ever smaller parts while the rest still fails. */
static int shrink(struct step *steps, int n, struct script_manner manner)
{
    static struct step trial[STEPS];
    for (int part = n / 2; part >= 1; part = part == 1 ? 0 : (part + 1) / 2) {
        for (int at = 0; at + part <= n;) {
            memcpy(trial, steps, (size_t)at * sizeof *steps);
            memcpy(trial + at, steps + at + part, (size_t)(n - at - part) * sizeof *steps);
            if (play(trial, n - part, manner)) {
                at += part;
            } else {
                n -= part;
                memcpy(steps, trial, (size_t)n * sizeof *steps);
            }
        }
    }
    return n;
}

static void check_seed(uint64_t seed)
{
    static struct step steps[STEPS];
    struct script_manner manner = script_manner(seed);
    script_make(steps, STEPS, seed);
    if (play(steps, STEPS, manner))
        return;
    printf("seed %llu, %u sites%s: %s\n", (unsigned long long)seed, manner.sites, manner.from_main ? ", from main" : "",
           failure);
    int n = shrink(steps, STEPS, manner);
    if (play(steps, n, manner))
        printf("  fails only with a past: not shrunk to the end\n");
    else
        printf("  shrunk to %d steps: %s\n", n, failure);
    script_print(steps, n);
    fail_msg("the core differs from the oracle, GORACE_MODEL_SEED=%llu", (unsigned long long)seed);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void test_random_scripts(void **state)
{
    (void)state;
    uint64_t one = number_from("GORACE_MODEL_SEED", 0);
    if (one) {
        check_seed(one);
        return;
    }
    for (uint64_t seed = 1; seed <= number_from("GORACE_MODEL_SCRIPTS", SCRIPTS); seed++)
        check_seed(seed);
    printf("%llu steps, %llu accesses judged, %llu pairs racing, %llu collections\n", (unsigned long long)steps_played,
           (unsigned long long)accesses_judged, (unsigned long long)races_seen, (unsigned long long)collected);
    assert_true(races_seen > 0 && collected > 0 && counter_sum(COUNTER_collections) >= collected);
}

static void say(const char *line)
{
    printf("%s\n", line);
}

static int start(void **state)
{
    (void)state;
    static const struct detector_host host = {.found = found, .say = say};
    arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED || !detector_start(&host))
        return -1;
    main_actor = actor_born(NULL, 0);
    return main_actor ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_scripts),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
