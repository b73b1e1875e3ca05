/* goro_explore: a search (search.h) whose schedules are run in memory.
 *
 * Each of the jobs is a forked process with a share of the numbers, every jobs-th. When one fails, the others go on up
 * to the number that failed, so that the same one is told in each run, and that schedule is run again, and shrunk, in
 * processes of its own.
 *
 * All of this is outside of goroutines, and uses libc freely. */
#include "explore.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os.h"

#define SCHEDULES UINT64_C(10000)
#define STEPS UINT64_C(1000000)

struct outcome {
    const struct rt_explore_lane *failed; /* NULL: none; the one with the lowest number otherwise */
    struct rt_failure failure;
};

static void failed(struct rt_explore *e, struct outcome *outcome, const struct rt_explore_lane *lane,
                   const struct rt_failure *failure)
{
    if (outcome->failed && outcome->failed->number < lane->number)
        return;
    outcome->failed = lane;
    outcome->failure = *failure;
    __atomic_store_n(e->last, lane->number, __ATOMIC_RELAXED);
}

static void job_ended(struct rt_explore *e, uint64_t job, struct outcome *outcome)
{
    struct rt_explore_lane *lane = &e->lanes[job];
    struct rt_explore_process *process = &e->processes[job];
    struct rt_failure failure;
    int status;
    waitpid(process->pid, &status, 0);
    close(process->fd);
    process->pid = 0;
    if (rt_explore_judge(&lane->record, status, &failure)) {
        failed(e, outcome, lane, &failure);
    } else if (lane->record.outcome == RT_OUTCOME_ENDLESS) {
        uint64_t number = lane->number + e->options.jobs;
        lane->given_up++;
        lane->done++;
        if (number <= *e->last)
            rt_explore_job_start(e, job, number);
    }
}

static void wait_for_jobs(struct rt_explore *e, struct outcome *outcome)
{
    for (;;) {
        struct pollfd fds[RT_EXPLORE_JOBS];
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
static bool first_fails(struct rt_explore *e, struct outcome *outcome)
{
    struct rt_explore_lane *lane = &e->lanes[e->options.jobs];
    const struct rt_record *record;
    rt_portfolio_token(&e->portfolio, 0, lane->token, sizeof lane->token);
    bool fails = rt_explore_attempt(e, lane->token, &outcome->failure, &record);
    e->portfolio.steps = record->steps;
    e->orderings[0] = record->ordering | 1;
    lane->done = 1;
    if (fails)
        outcome->failed = lane;
    return fails;
}

static int search(struct rt_explore *e, struct goro_exploration *result)
{
    struct outcome outcome = {0};
    struct rt_seen seen = {0};
    int error = 0;
    if (!first_fails(e, &outcome)) {
        for (uint64_t job = 0; job < e->options.jobs && job + 1 <= *e->last && !error; job++)
            error = rt_explore_job_start(e, job, job + 1);
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
    rt_explore_conclude(e, outcome.failed, &outcome.failure, result);
    return RT_EXPLORE_FAILED;
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
    o->jobs = o->jobs < RT_EXPLORE_JOBS ? o->jobs : RT_EXPLORE_JOBS;
}

static int explore(struct rt_explore *e, struct goro_exploration *result)
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
    static struct rt_explore e;
    struct goro_exploration dropped;
    const char *token = getenv("GORO_REPLAY");
    result = result ? result : &dropped;
    *result = (struct goro_exploration){0};
    if (rt_running())
        return -EBUSY;
    if (token && *token)
        return replay(fn, arg, result);
    e = (struct rt_explore){.fn = fn, .arg = arg};
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
