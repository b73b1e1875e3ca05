/* gorace explore: runs a program on libgoro again and again, each time with another schedule, until one fails; then says how to
 * have that one again, and which few switches of goroutines it takes.
 *
 * The runs are processes of their own, as many at once as there are processors. Which schedules are tried, and in which order,
 * does not depend on how they overlap (runtime/search.h). */
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "explore.h"
#include "watch.h"

enum { MOST_JOBS = 256 };

enum { KEY_SEED = 256, KEY_SATURATION, KEY_PLAIN, KEY_STEPS, KEY_SUMMARY, KEY_ACCESSES };

static const struct argp_option options[] = {
    {"schedules", 'n', "N", 0, "how many to try (200)", 1},
    {"jobs", 'j', "N", 0, "how many to run at once (the processors)", 1},
    {"strategy", 's', "NAME", 0, "random, pct:D, pos, slice or rr instead of a mixture", 1},
    {"seed", KEY_SEED, "N", 0, "of the first schedule (1)", 1},
    {"keep-going", 'k', NULL, 0, "go on after a failure: all different ones are told", 1},
    {"saturation", KEY_SATURATION, "N", 0, "end after N schedules that brought no new ordering (100); 0: never", 1},
    {"timeout", 't', "SECONDS", 0, "for one run (10); one that takes longer is told, but no failure", 1},
    {"steps", KEY_STEPS, "N", 0, "the same for its operations (1000000)", 1},
    {"plain", KEY_PLAIN, NULL, 0, "without the detector: faster, but only what the program itself shows is a failure", 2},
    {"accesses", KEY_ACCESSES, NULL, 0, "others may also go on before each access to memory; for programs with the compiler's hooks", 2},
    {"option", 'o', "NAME=VALUE", 0, "add to GORACE_OPTIONS", 2},
    {"summary", KEY_SUMMARY, "FILE", 0, "what came of it, as JSON", 2},
    {"quiet", 'q', NULL, 0, "no progress, and no output of the run that failed", 2},
    {0}};

static uint64_t number_of(struct argp_state *state, const char *name, const char *text, uint64_t least)
{
    char *end;
    uint64_t n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n < least)
        argp_error(state, "--%s wants a number from %lu on, not '%s'", name, (unsigned long)least, text);
    return n;
}

static void take_strategy(struct explore *e, struct argp_state *state, const char *text)
{
    struct rt_schedule s = {0};
    if (strchr(text, '/') || !rt_strategy_parse(&s, text))
        argp_error(state, "--strategy=%s: none of random, pct:D, pos, slice, rr", text);
    e->portfolio.strategy = text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct explore *e = state->input;
    char *equals;
    switch (key) {
    case 'n':
        e->schedules = number_of(state, "schedules", argument, 1);
        return 0;
    case 'j':
        e->jobs = (unsigned)number_of(state, "jobs", argument, 1);
        e->jobs = e->jobs < MOST_JOBS ? e->jobs : MOST_JOBS;
        return 0;
    case 's':
        take_strategy(e, state, argument);
        return 0;
    case KEY_SEED:
        e->portfolio.seed = number_of(state, "seed", argument, 0);
        return 0;
    case 'k':
        e->keep_going = true;
        return 0;
    case KEY_SATURATION:
        e->saturation = number_of(state, "saturation", argument, 0);
        return 0;
    case 't':
        e->plan.seconds = (double)number_of(state, "timeout", argument, 1);
        return 0;
    case KEY_STEPS:
        e->plan.most_steps = number_of(state, "steps", argument, 1);
        return 0;
    case KEY_PLAIN:
        free(e->options);
        e->options = NULL;
        return 0;
    case KEY_ACCESSES:
        setenv("GORO_POINTS", "accesses", 1);
        return 0;
    case 'o':
        equals = strchr(argument, '=');
        if (!equals || *argument < 'a' || *argument > 'z')
            argp_error(state, "-o wants NAME=VALUE, not '%s'", argument);
        *equals = 0;
        if (e->options)
            watch_option(&e->options, argument, equals + 1);
        return 0;
    case KEY_SUMMARY:
        e->summary = argument;
        return 0;
    case 'q':
        e->quiet = true;
        return 0;
    case ARGP_KEY_ARGS:
        e->plan.program = state->argv + state->next;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no program");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* ---- the search ---------------------------------------------------------------------------------------------------- */

static void progress(struct explore *e)
{
    double at = attempt_now();
    if (e->quiet || at - e->told < 1)
        return;
    e->told = at;
    warn_user("explore: %lu of %lu schedules, %.0f a second; %zu orderings, the last new one %lu schedules ago",
              (unsigned long)e->done, (unsigned long)e->schedules, (double)e->done / (at - e->begun), e->orderings.used,
              (unsigned long)(e->done - e->fresh_at));
}

static struct trial *trial_of(const struct explore *e, uint64_t number)
{
    return &e->trials[number % (LAG * e->jobs)];
}

/* What to try as number `next`. */
static void choose(struct explore *e, struct trial *t)
{
    char token[256];
    *t = (struct trial){0};
    if (!e->portfolio.strategy && e->next > 0)
        t->candidate = rt_frontier_take(&e->frontier, e->next, &t->cost);
    if (t->candidate.list) {
        t->token = must_format("v1/%lu/%s", (unsigned long)e->portfolio.seed, t->candidate.list);
        return;
    }
    rt_portfolio_token(&e->portfolio, e->next, token, sizeof token);
    t->token = must_copy(token);
    if (e->next == 0)
        t->candidate.list = must_copy("");
}

static void absorb(struct explore *e, struct trial *t)
{
    if (t->record && !e->portfolio.strategy)
        rt_frontier_suspect(&e->frontier, t->record);
    if (t->record && t->candidate.list)
        rt_frontier_add(&e->frontier, t->record, &t->candidate, t->cost);
    free(t->record);
    free(t->candidate.list);
    free(t->token);
    *t = (struct trial){0};
    e->absorbed++;
}

/* Whether the next one can be begun: those that it may follow from have ended. */
static bool ready(struct explore *e)
{
    uint64_t lag = LAG * e->jobs;
    while (e->absorbed < e->next && (e->absorbed == 0 || e->next >= e->absorbed + lag)) {
        struct trial *t = trial_of(e, e->absorbed);
        if (!t->ended)
            return false;
        absorb(e, t);
    }
    return true;
}

static void start(struct explore *e, struct attempt *a)
{
    struct trial *t = trial_of(e, e->next);
    choose(e, t);
    a->number = e->next++;
    attempt_start(a, &e->plan, t->token, ATTEMPT_POINTS);
}

/* The token of what has just run, with its checks. */
static char *checked_token(const struct explore *e, const struct attempt *a)
{
    char checks[128];
    rt_checks_print(a->record, checks, sizeof checks);
    return must_format("%s%s", trial_of(e, a->number)->token, checks);
}

static void note_failure(struct explore *e, const struct attempt *a, const struct rt_failure *failure)
{
    for (size_t i = 0; i < e->failed_count; i++) {
        struct failed *f = &e->failed[i];
        if (f->failure.what != failure->what)
            continue;
        if (a->number < f->number) {
            f->number = a->number;
            free(f->token);
            f->token = checked_token(e, a);
        }
        return;
    }
    e->failed = must_grow(e->failed, (e->failed_count + 1) * sizeof *e->failed);
    e->failed[e->failed_count++] = (struct failed){.number = a->number,
                                                    .token = checked_token(e, a),
                                                    .sites = a->sites ? must_copy(a->sites) : NULL,
                                                    .failure = *failure};
}

/* As much of it as is used. */
static struct rt_record *copy_of(const struct rt_record *r)
{
    struct rt_record *copy = must_grow(NULL, sizeof *copy);
    memcpy(copy, r, offsetof(struct rt_record, switches));
    copy->point_count = r->point_count;
    memcpy(copy->points, r->points, r->point_count * sizeof *r->points);
    copy->operation_count = r->operation_count;
    memcpy(copy->operations, r->operations, r->operation_count * sizeof *r->operations);
    return copy;
}

static void ended(struct explore *e, struct attempt *a)
{
    struct rt_failure failure;
    struct trial *t = trial_of(e, a->number);
    enum attempt_end end = attempt_finish(a, &failure);
    t->ended = true;
    if (end == ATTEMPT_PASSED)
        t->record = copy_of(a->record);
    if (t->candidate.list)
        e->directed += strncmp(t->candidate.list, RT_HOLD, sizeof RT_HOLD - 1) == 0;
    e->done++;
    e->any_steps |= a->record->steps > 0;
    if (a->number == 0)
        e->portfolio.steps = a->record->steps;
    if (end == ATTEMPT_LATE) {
        e->late++;
        if (!e->quiet)
            warn_user("explore: schedule %lu: %s", (unsigned long)a->number, failure.text);
    }
    if (end == ATTEMPT_FAILED) {
        note_failure(e, a, &failure);
        e->stop |= !e->keep_going;
    }
    if (rt_seen_add(&e->orderings, a->record->ordering))
        e->fresh_at = e->done;
    if (e->saturation && e->done - e->fresh_at >= e->saturation)
        e->stop = e->saturated = true;
    progress(e);
}

/* Until one of those that run has ended, or is late. */
static void wait_for_one(struct explore *e)
{
    struct pollfd fds[MOST_JOBS];
    int least = 1000;
    for (unsigned i = 0; i < e->jobs; i++) {
        const struct attempt *a = &e->attempts[i];
        fds[i] = (struct pollfd){.fd = a->pid ? a->fd : -1, .events = POLLIN};
        if (a->pid && attempt_left(a) < least)
            least = attempt_left(a);
    }
    poll(fds, e->jobs, least);
    for (unsigned i = 0; i < e->jobs; i++)
        if (e->attempts[i].pid && (fds[i].revents || attempt_left(&e->attempts[i]) == 0))
            ended(e, &e->attempts[i]);
}

static void search(struct explore *e)
{
    bool running;
    /* The first one says how long a schedule is. */
    start(e, &e->attempts[0]);
    while (e->attempts[0].pid)
        wait_for_one(e);
    do {
        running = false;
        for (unsigned i = 0; i < e->jobs; i++) {
            if (!e->attempts[i].pid && !e->stop && e->next < e->schedules && ready(e))
                start(e, &e->attempts[i]);
            running |= e->attempts[i].pid != 0;
        }
        if (running)
            wait_for_one(e);
    } while (running);
}

/* ---- the command --------------------------------------------------------------------------------------------------- */

int command_explore(int argc, char **argv)
{
    static const struct argp argp = {options,
                                     parse,
                                     "[--] PROGRAM [ARGUMENT...]",
                                     "Runs PROGRAM, which runs goroutines of libgoro, with one schedule after the other, until one "
                                     "fails: by a panic, an "
                                     "abort, an exit status, a deadlock, or a finding of the detector. Then runs that one again, "
                                     "looks for the few switches that it takes, and prints the GORO_REPLAY that "
                                     "brings it about.\v"
                                     "Exit status: 66 when a schedule failed, 0 when none did.\n\n"
                                     "    gorace explore -n 1000 -- ./app\n"
                                     "    GORO_REPLAY=v1/17/pct:3 gorace run -- ./app",
                                     NULL,
                                     NULL,
                                     NULL};
    struct explore e = {.schedules = 200,
                        .saturation = 100,
                        .options = must_copy(getenv("GORACE_OPTIONS") ? getenv("GORACE_OPTIONS") : ""),
                        .plan = {.seconds = 10, .most_steps = 1000000},
                        .portfolio = {.seed = 1}};
    cpu_set_t cpus;
    e.jobs = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (unsigned)CPU_COUNT(&cpus) : 1;
    command_parse(&argp, argc, argv, ARGP_IN_ORDER, &e);
    watch_refuse(*e.plan.program);
    if (e.options)
        watch_option(&e.options, "exitcode", "0"); /* the status is the program's */
    e.plan.options = e.options;
    const char *where = getenv("TMPDIR");
    e.folder = must_format("%s/gorace-explore-XXXXXX", where && *where == '/' ? where : "/tmp");
    if (!mkdtemp(e.folder))
        die("%s: %m", e.folder);
    e.attempts = must_grow(NULL, e.jobs * sizeof *e.attempts);
    e.trials = must_grow(NULL, LAG * e.jobs * sizeof *e.trials);
    memset(e.trials, 0, LAG * e.jobs * sizeof *e.trials);
    for (unsigned i = 0; i < e.jobs; i++)
        attempt_open(&e.attempts[i], e.folder, i);
    for (unsigned i = 0; i < e.jobs; i++)
        e.attempts[i].predictions = &e.predictions;
    e.begun = e.told = attempt_now();
    search(&e);
    int status = explore_conclude(&e);
    for (unsigned i = 0; i < e.jobs; i++)
        attempt_close(&e.attempts[i]);
    rmdir(e.folder);
    for (size_t i = 0; i < e.failed_count; i++)
        free(e.failed[i].token), free(e.failed[i].sites), free(e.failed[i].replay);
    free(e.failed);
    predictions_free(&e.predictions);
    while (e.absorbed < e.next)
        absorb(&e, trial_of(&e, e.absorbed));
    rt_frontier_free(&e.frontier);
    free(e.trials);
    free(e.attempts);
    free(e.folder);
    free(e.options);
    rt_seen_free(&e.orderings);
    return status;
}
