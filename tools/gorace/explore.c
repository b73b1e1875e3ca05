/* gorace explore: runs a program on libgoro again and again, each time with another schedule, until one fails; then says how to
 * have that one again, and which few switches of goroutines it takes.
 *
 * The runs are processes of their own, as many at once as there are processors. Which schedules are tried, and in which order,
 * does not depend on how they overlap (runtime/search.h). */
#include <jansson.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attempt.h"
#include "command.h"
#include "watch.h"
#include "whole_file.h"

enum { MOST_JOBS = 256, MOST_SHRINK = 300, FAILED = 66 };

struct failed { /* one way to fail, and the first schedule that did */
    uint64_t number;
    char *token;
    char *sites; /* attempt.h */
    struct rt_failure failure;
};

/* A schedule that was begun, until the frontier has taken what follows from it. So that what is tried does not depend on
 * which of those that run at the same time ends first, the frontier takes them in the order of their numbers, and no earlier than LAG
 * times the jobs later. */
enum { LAG = 2 };
struct trial {
    char *token;
    struct rt_candidate candidate; /* list NULL: not from the frontier */
    unsigned cost;
    bool ended;
    struct rt_record *record; /* of one that passed; NULL: nothing follows from it */
};

struct explore {
    uint64_t schedules, saturation;
    unsigned jobs;
    bool keep_going, quiet;
    const char *summary;
    char *options;
    struct attempt_plan plan;
    struct rt_portfolio portfolio;
    /* the search */
    char *folder;
    struct attempt *attempts; /* jobs */
    struct rt_frontier frontier;
    struct trial *trials; /* by number modulo LAG * jobs */
    uint64_t absorbed;    /* trials that are in the frontier: all below */
    uint64_t next, done, late, fresh_at; /* fresh_at: schedules done when an ordering was new last */
    struct rt_seen orderings;
    struct predictions predictions;
    struct failed *failed;
    size_t failed_count;
    bool stop, saturated, any_steps;
    double begun;
    double told;
};

enum { KEY_SEED = 256, KEY_SATURATION, KEY_PLAIN, KEY_STEPS, KEY_SUMMARY };

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

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void progress(struct explore *e)
{
    double at = now();
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
    if (!e->portfolio.strategy && e->next % 2 == 0 && e->next > 0)
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
    if (t->record)
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
    e->failed[e->failed_count++] = (struct failed){a->number, checked_token(e, a), a->sites ? must_copy(a->sites) : NULL, *failure};
}

static void ended(struct explore *e, struct attempt *a)
{
    struct rt_failure failure;
    struct trial *t = trial_of(e, a->number);
    enum attempt_end end = attempt_finish(a, &failure);
    t->ended = true;
    if (end == ATTEMPT_PASSED && t->candidate.list) {
        t->record = must_grow(NULL, sizeof *t->record);
        memcpy(t->record, a->record, sizeof *t->record);
    }
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

/* The strategy of a token, for people. */
static char *strategy_of(const char *token)
{
    const char *strategy = strchr(token + strlen("v1/"), '/') + 1;
    size_t length = strcspn(strategy, "/");
    return memchr(strategy, '@', length) ? must_copy("systematic") : must_format("%.*s", (int)length, strategy);
}

/* ---- what was found ------------------------------------------------------------------------------------------------ */

static bool attempt(void *host, const char *token, struct rt_failure *failure, const struct rt_record **record)
{
    struct explore *e = host;
    struct attempt *a = &e->attempts[0];
    attempt_start(a, &e->plan, token, ATTEMPT_SWITCHES);
    struct pollfd end = {.fd = a->fd, .events = POLLIN};
    while (attempt_left(a) > 0 && poll(&end, 1, attempt_left(a)) <= 0)
        ;
    *record = a->record;
    return attempt_finish(a, failure) == ATTEMPT_FAILED;
}

static void show_output(const struct attempt *a)
{
    char bytes[65536];
    size_t n;
    FILE *from = fopen(a->output_file, "r");
    while (from && (n = fread(bytes, 1, sizeof bytes, from)) > 0)
        fwrite(bytes, 1, n, stderr);
    if (from)
        fclose(from);
}

static void tell(const struct explore *e, const struct failed *f, const struct rt_found *found)
{
    const struct rt_record *r = e->attempts[0].record;
    char *strategy = strategy_of(f->token), line[1000];
    if (!e->quiet)
        show_output(&e->attempts[0]);
    warn_user("explore: schedule %lu (%s): %s", (unsigned long)f->number, strategy, f->failure.text);
    free(strategy);
    if (!found->again) {
        warn_user("explore: not again with the same seed: the program depends on what its schedule does not control");
        printf("replay: GORO_REPLAY=%s\n", found->token);
        return;
    }
    warn_user("explore: again in a second run; of its %u switches %u matter%s", found->before, found->switches,
              found->shrunk ? "" : " (not shrunk)");
    for (uint32_t i = 0; found->shrunk && i < found->switches && i < RT_NAMED_SWITCHES; i++) {
        rt_switch_print(r, i, line, sizeof line);
        fprintf(stderr, "    %u. %s\n", i + 1, line);
    }
    printf("replay: GORO_REPLAY=%s\n", found->token);
}

/* What was predicted, and what has become of it. */
static json_t *tell_predictions(struct explore *e)
{
    json_t *all = json_array();
    for (size_t i = 0; i < e->failed_count; i++)
        predictions_confirm(&e->predictions, e->failed[i].sites, e->failed[i].number);
    for (size_t i = 0; i < e->predictions.n; i++) {
        const struct prediction *p = &e->predictions.at[i];
        if (p->confirmed)
            warn_user("explore: predicted, and confirmed by schedule %lu: %s", (unsigned long)p->schedule, p->message);
        else
            warn_user("explore: stays predicted after %lu schedules: %s", (unsigned long)e->done, p->message);
        json_array_append_new(all, json_pack("{s:s,s:b}", "message", p->message, "confirmed", p->confirmed));
    }
    return all;
}

static json_t *json_of(const struct explore *e, const struct failed *f, const struct rt_found *found)
{
    char *strategy = strategy_of(f->token), line[1000];
    json_t *switches = json_array();
    for (uint32_t i = 0; found->shrunk && i < found->switches && i < RT_NAMED_SWITCHES; i++) {
        rt_switch_print(e->attempts[0].record, i, line, sizeof line);
        json_array_append_new(switches, json_string(line));
    }
    json_t *all = json_pack("{s:I,s:s,s:s,s:b,s:b,s:i,s:i,s:s,s:o}", "schedule", (json_int_t)f->number, "strategy",
                            strategy, "failure", f->failure.text, "again", found->again, "shrunk",
                            found->shrunk, "switches_found", found->before, "attempts", found->attempts, "replay",
                            found->token, "switches", switches);
    free(strategy);
    return all;
}

static void write_summary(const struct explore *e, json_t *failures, json_t *predictions)
{
    struct whole_file file;
    json_t *all = json_pack("{s:I,s:I,s:I,s:b,s:f,s:O,s:O}", "schedules", (json_int_t)e->done, "orderings",
                            (json_int_t)e->orderings.used, "late", (json_int_t)e->late, "saturated", e->saturated,
                            "seconds", now() - e->begun, "failures", failures, "predictions", predictions);
    if (!whole_open(&file, e->summary))
        die("%s: %m", e->summary);
    json_dumpf(all, file.to, JSON_INDENT(2));
    fputc('\n', file.to);
    if (!whole_close(&file))
        die("%s: %m", e->summary);
    json_decref(all);
}

static int conclude(struct explore *e)
{
    static struct rt_found found;
    json_t *failures = json_array();
    struct rt_attempts attempts = {attempt, e, MOST_SHRINK};
    double seconds = now() - e->begun;
    if (!e->any_steps)
        die("%s does not run goroutines of libgoro", *e->plan.program);
    if (!e->quiet)
        warn_user("explore: %lu schedules in %.1f s, %zu orderings%s", (unsigned long)e->done, seconds,
                  e->orderings.used, e->saturated ? ", none of them new for long" : "");
    for (size_t i = 0; i < e->failed_count; i++) {
        rt_search_confirm(&attempts, e->failed[i].token, &e->failed[i].failure, &found);
        tell(e, &e->failed[i], &found);
        json_array_append_new(failures, json_of(e, &e->failed[i], &found));
    }
    json_t *predictions = tell_predictions(e);
    if (e->summary)
        write_summary(e, failures, predictions);
    json_decref(failures);
    json_decref(predictions);
    return e->failed_count ? FAILED : 0;
}

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
    e.begun = e.told = now();
    search(&e);
    int status = conclude(&e);
    for (unsigned i = 0; i < e.jobs; i++)
        attempt_close(&e.attempts[i]);
    rmdir(e.folder);
    for (size_t i = 0; i < e.failed_count; i++)
        free(e.failed[i].token), free(e.failed[i].sites);
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
