/* goro_explore: a search (search.h) whose schedules are run in memory.
 *
 * Each of the jobs is a forked process with a share of the numbers, every jobs-th. It runs one schedule after the other on one
 * thread, without an end of the runtime in between (det_again.c), which costs some microseconds. What it has to tell lies in shared memory,
 * so that it can die anywhere: that is how most failures show. Then the others go on up to the number that failed, so that the
 * same one is told in each run, and that schedule is run again, and shrunk, in processes of its own.
 *
 * All of this is outside of goroutines, and uses libc freely. */
#include <goro/goro.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "det_plan.h"
#include "os.h"
#include "search.h"

enum { MOST_JOBS = 64, MOST_SHRINK = 500, FAILED = 1 };
enum { MOST_PROGRAMS = 50 /* of a job: looking for what is suspected takes longer than a schedule */ };
#define SCHEDULES UINT64_C(10000)
#define STEPS UINT64_C(1000000)

/* Of a job; shared with it. */
struct lane {
    struct rt_record record; /* of the schedule that it runs */
    uint64_t number;
    uint64_t done, given_up;
    bool saturated;
    char token[RT_TOKEN];
};

struct explore {
    int (*fn)(void *arg);
    void *arg;
    struct goro_explore_options options;
    struct rt_portfolio portfolio;
    struct lane *lanes;        /* shared; one more than jobs: for attempts */
    uint64_t *orderings;       /* shared: of each schedule, by its number; 0: not run */
    uint64_t *last;            /* shared: no schedule behind this one is to be run */
    struct process {
        pid_t pid; /* 0: none */
        int fd;    /* readable when it has ended */
    } processes[MOST_JOBS];
    int output; /* of attempts */
    /* a job's own */
    struct lane *lane;
    struct rt_frontier frontier;
    struct rt_candidate candidate;
    unsigned cost;
    struct rt_seen seen;
    uint64_t fresh_at;
};

/* ---- a job ---- */

/* What to run as number `number`. */
static void choose(struct explore *e, uint64_t number)
{
    struct lane *lane = e->lane;
    free(e->candidate.list);
    e->candidate = (struct rt_candidate){0};
    if (!e->options.strategy)
        e->candidate = rt_frontier_take(&e->frontier, 1 + number / e->options.jobs, &e->cost);
    if (e->candidate.list)
        snprintf(lane->token, sizeof lane->token, "v1/%lu/%s", (unsigned long)e->portfolio.seed, e->candidate.list);
    else
        rt_portfolio_token(&e->portfolio, number, lane->token, sizeof lane->token);
    lane->number = number;
}

static void plan(struct explore *e, struct rt_plan *p)
{
    struct rt_record *r = &e->lane->record;
    memset(r, 0, offsetof(struct rt_record, tasks));
    r->abi = RT_RECORD_ABI;
    r->most_steps = e->options.most_steps;
    r->wants_points = !e->options.strategy && e->candidate.list;
    r->wants_operations = r->wants_points && e->frontier.programs.used < MOST_PROGRAMS;
    r->point_count = 0;
    p->token = e->lane->token;
    p->record = r;
}

/* Takes up what the schedule that has ended was; false: there is no other one. */
static bool next(struct rt_plan *p)
{
    struct explore *e = p->host;
    struct lane *lane = e->lane;
    const struct rt_record *r = &lane->record;
    if (r->outcome == RT_OUTCOME_ENDED && r->result != 0)
        _exit(FAILED);
    e->orderings[lane->number] = r->ordering | 1;
    lane->done++;
    if (rt_seen_add(&e->seen, r->ordering))
        e->fresh_at = lane->done;
    if (r->wants_operations)
        rt_frontier_suspect(&e->frontier, r);
    if (e->candidate.list)
        rt_frontier_add(&e->frontier, r, &e->candidate, e->cost);
    if ((lane->done - e->fresh_at) * e->options.jobs >= e->options.saturation) {
        lane->saturated = true;
        return false;
    }
    uint64_t number = lane->number + e->options.jobs;
    if (number > __atomic_load_n(e->last, __ATOMIC_RELAXED))
        return false;
    choose(e, number);
    plan(e, p);
    return true;
}

static void become_child(int output)
{
    struct rlimit none = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
}

static void run_job(struct explore *e, uint64_t job, uint64_t number)
{
    const struct rt_candidate none = {.list = ""};
    struct rt_plan p = {.host = e, .next = next};
    become_child(open("/dev/null", O_WRONLY));
    e->lane = &e->lanes[job];
    e->frontier = (struct rt_frontier){.share = (uint32_t)job, .shares = e->options.jobs, .most_programs = MOST_PROGRAMS};
    rt_frontier_suspect(&e->frontier, &e->lanes[e->options.jobs].record);
    rt_frontier_add(&e->frontier, &e->lanes[e->options.jobs].record, &none, 0);
    e->frontier.shares = 0;
    choose(e, number);
    plan(e, &p);
    rt_plan = &p;
    int result = goro_run(e->fn, e->arg);
    _exit(result < 0);
}

static int start_job(struct explore *e, uint64_t job, uint64_t number)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        run_job(e, job, number);
    e->processes[job] = (struct process){pid > 0 ? pid : 0, pid > 0 ? pidfd_open(pid, 0) : -1};
    return pid < 0 ? -errno : 0;
}

/* ---- failures ---- */

static void fail(struct rt_failure *failure, const char *text)
{
    snprintf(failure->text, sizeof failure->text, "%s", text);
    failure->what = rt_hash_text(text);
}

/* What a process that ran the record's schedule has come to; false: no failure. */
static bool judge(const struct rt_record *r, int status, struct rt_failure *failure)
{
    char text[100];
    if (r->outcome == RT_OUTCOME_ENDLESS)
        return false;
    if (r->outcome == RT_OUTCOME_PANIC)
        fail(failure, r->message);
    else if (r->outcome == RT_OUTCOME_DEADLOCK)
        fail(failure, "deadlock: all goroutines are asleep");
    else if (r->outcome == RT_OUTCOME_ENDED && r->result == 0)
        return false;
    else {
        if (r->outcome == RT_OUTCOME_ENDED)
            snprintf(text, sizeof text, "result %d", r->result);
        else if (WIFSIGNALED(status))
            snprintf(text, sizeof text, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        else
            snprintf(text, sizeof text, "exit status %d in the middle", WEXITSTATUS(status));
        fail(failure, text);
    }
    return true;
}

static bool attempt(void *host, const char *token, struct rt_failure *failure, const struct rt_record **record)
{
    struct explore *e = host;
    struct lane *lane = &e->lanes[e->options.jobs];
    struct rt_record *r = &lane->record;
    int status;
    memset(r, 0, offsetof(struct rt_record, tasks));
    r->abi = RT_RECORD_ABI;
    r->most_steps = e->options.most_steps;
    r->wants_switches = r->wants_points = r->wants_operations = 1;
    r->point_count = 0;
    *record = r;
    if (ftruncate(e->output, 0) != 0 || lseek(e->output, 0, SEEK_SET) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct rt_plan p = {.token = token, .record = r};
        become_child(e->output);
        rt_plan = &p;
        int result = goro_run(e->fn, e->arg);
        fflush(NULL);
        _exit(result != 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return false;
    return judge(r, status, failure);
}

static void tell(const struct explore *e, const struct lane *lane, const struct rt_failure *failure,
                 const struct rt_found *found)
{
    char line[1000], bytes[4096];
    ssize_t n;
    lseek(e->output, 0, SEEK_SET);
    while ((n = read(e->output, bytes, sizeof bytes)) > 0)
        fwrite(bytes, 1, (size_t)n, stderr);
    rt_token_kind(lane->token, line, sizeof line);
    fprintf(stderr, "goro_explore: schedule %lu (%s): %s\n", (unsigned long)lane->number, line, failure->text);
    if (!strcmp(line, "directed"))
        fprintf(stderr, "goro_explore: suspected in an earlier schedule, and confirmed by this one\n");
    if (!found->again)
        fprintf(stderr, "goro_explore: not again with the same schedule in a new process: it depends on what the schedule does "
                        "not control, or on what earlier schedules left behind\n");
    else
        fprintf(stderr, "goro_explore: again in a new process; of its %u switches %u matter%s\n", found->before,
                found->switches, found->shrunk ? "" : " (not shrunk)");
    for (uint32_t i = 0; found->shrunk && i < found->switches && i < RT_NAMED_SWITCHES; i++) {
        rt_switch_print(&e->lanes[e->options.jobs].record, i, line, sizeof line);
        fprintf(stderr, "    %u. %s\n", i + 1, line);
    }
    fprintf(stderr, "replay: GORO_REPLAY=%s\n", found->token);
}

static void conclude(struct explore *e, const struct lane *lane, const struct rt_failure *failure,
                     struct goro_exploration *result)
{
    static struct rt_found found;
    static char token[RT_TOKEN];
    struct rt_attempts attempts = {attempt, e, MOST_SHRINK};
    size_t length = (size_t)snprintf(token, sizeof token, "%s", lane->token);
    rt_checks_print(&lane->record, token + length, sizeof token - length);
    rt_search_confirm(&attempts, token, failure, &found);
    if (!e->options.quiet)
        tell(e, lane, failure, &found);
    result->failed_at = lane->number;
    result->again = found.again;
    result->switches = found.switches;
    result->replay = strdup(found.token);
    snprintf(result->failure, sizeof result->failure, "%s", failure->text);
}

/* ---- the search ---- */

struct outcome {
    const struct lane *failed; /* NULL: none; the one with the lowest number otherwise */
    struct rt_failure failure;
};

static void failed(struct explore *e, struct outcome *outcome, const struct lane *lane, const struct rt_failure *failure)
{
    if (outcome->failed && outcome->failed->number < lane->number)
        return;
    outcome->failed = lane;
    outcome->failure = *failure;
    __atomic_store_n(e->last, lane->number, __ATOMIC_RELAXED);
}

static void job_ended(struct explore *e, uint64_t job, struct outcome *outcome)
{
    struct lane *lane = &e->lanes[job];
    struct process *process = &e->processes[job];
    struct rt_failure failure;
    int status;
    waitpid(process->pid, &status, 0);
    close(process->fd);
    process->pid = 0;
    if (judge(&lane->record, status, &failure)) {
        failed(e, outcome, lane, &failure);
    } else if (lane->record.outcome == RT_OUTCOME_ENDLESS) {
        uint64_t number = lane->number + e->options.jobs;
        lane->given_up++;
        lane->done++;
        if (number <= *e->last)
            start_job(e, job, number);
    }
}

static void wait_for_jobs(struct explore *e, struct outcome *outcome)
{
    for (;;) {
        struct pollfd fds[MOST_JOBS];
        bool any = false;
        for (uint64_t job = 0; job < e->options.jobs; job++) {
            fds[job] = (struct pollfd){.fd = e->processes[job].pid ? e->processes[job].fd : -1, .events = POLLIN};
            any |= e->processes[job].pid != 0;
        }
        if (!any)
            return;
        poll(fds, e->options.jobs, -1);
        for (uint64_t job = 0; job < e->options.jobs; job++)
            if (e->processes[job].pid && fds[job].revents)
                job_ended(e, job, outcome);
    }
}

/* Schedule 0 says how long one is, and where it could have gone otherwise. */
static bool first_fails(struct explore *e, struct outcome *outcome)
{
    struct lane *lane = &e->lanes[e->options.jobs];
    const struct rt_record *record;
    rt_portfolio_token(&e->portfolio, 0, lane->token, sizeof lane->token);
    bool fails = attempt(e, lane->token, &outcome->failure, &record);
    e->portfolio.steps = record->steps;
    e->orderings[0] = record->ordering | 1;
    lane->done = 1;
    if (fails)
        outcome->failed = lane;
    return fails;
}

static int search(struct explore *e, struct goro_exploration *result)
{
    struct outcome outcome = {0};
    struct rt_seen seen = {0};
    int error = 0;
    if (!first_fails(e, &outcome)) {
        for (uint64_t job = 0; job < e->options.jobs && job + 1 <= *e->last && !error; job++)
            error = start_job(e, job, job + 1);
        wait_for_jobs(e, &outcome);
    }
    for (uint64_t job = 0; job <= e->options.jobs; job++) {
        result->schedules += e->lanes[job].done;
        result->given_up += e->lanes[job].given_up;
        result->saturated |= e->lanes[job].saturated;
    }
    for (uint64_t i = 0; i < e->options.schedules; i++)
        if (e->orderings[i])
            rt_seen_add(&seen, e->orderings[i]);
    result->orderings = seen.used;
    rt_seen_free(&seen);
    if (!outcome.failed)
        return error;
    result->schedules += outcome.failed != &e->lanes[e->options.jobs];
    conclude(e, outcome.failed, &outcome.failure, result);
    return FAILED;
}

/* ---- the call ---- */

static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void set_defaults(struct goro_explore_options *o)
{
    o->schedules = o->schedules ? o->schedules : SCHEDULES;
    o->seed = o->seed ? o->seed : 1;
    o->saturation = o->saturation ? o->saturation : o->schedules / 10 + 1;
    o->most_steps = o->most_steps ? o->most_steps : STEPS;
    o->jobs = o->jobs ? o->jobs : (unsigned)rt_cpus();
    o->jobs = o->jobs < MOST_JOBS ? o->jobs : MOST_JOBS;
}

static int explore(struct explore *e, struct goro_exploration *result)
{
    size_t lanes = (e->options.jobs + 1) * sizeof *e->lanes, orderings = e->options.schedules * sizeof *e->orderings;
    e->lanes = shared(lanes);
    e->orderings = shared(orderings);
    e->last = shared(sizeof *e->last);
    e->output = memfd_create("goro_explore", MFD_CLOEXEC);
    int status = -ENOMEM;
    if (e->lanes && e->orderings && e->last && e->output >= 0) {
        *e->last = e->options.schedules - 1;
        status = search(e, result);
    }
    if (e->lanes)
        munmap(e->lanes, lanes);
    if (e->orderings)
        munmap(e->orderings, orderings);
    if (e->last)
        munmap(e->last, sizeof *e->last);
    if (e->output >= 0)
        close(e->output);
    return status;
}

/* GORO_REPLAY says which one. */
static int replay(int (*fn)(void *arg), void *arg, struct goro_exploration *result)
{
    int got = goro_run(fn, arg);
    result->schedules = 1;
    if (got != 0)
        snprintf(result->failure, sizeof result->failure, "result %d", got);
    return got != 0;
}

int goro_explore(int (*fn)(void *arg), void *arg, const struct goro_explore_options *options,
                 struct goro_exploration *result)
{
    static struct explore e;
    struct goro_exploration dropped;
    const char *token = getenv("GORO_REPLAY");
    result = result ? result : &dropped;
    *result = (struct goro_exploration){0};
    if (rt_running())
        return -EBUSY;
    if (token && *token)
        return replay(fn, arg, result);
    e = (struct explore){.fn = fn, .arg = arg};
    if (options)
        e.options = *options;
    set_defaults(&e.options);
    struct rt_schedule s = {0};
    if (e.options.strategy && !rt_strategy_parse(&s, e.options.strategy))
        return -EINVAL;
    e.portfolio = (struct rt_portfolio){.seed = e.options.seed, .strategy = e.options.strategy};
    int status = explore(&e, result);
    if (result == &dropped)
        free(dropped.replay);
    return status;
}
