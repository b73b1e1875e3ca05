/* A job of a search: one schedule after the other on one thread, without an end of the runtime in between
 * (det_again.c), which costs some microseconds. What it has to tell lies in shared memory, so that it can die anywhere:
 * that is how most failures show. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "explore.h"

enum { MOST_PROGRAMS = 50 /* of a job: looking for what is suspected takes longer than a schedule */ };

/* What to run as number `number`. */
static void choose(struct rt_explore *e, uint64_t number)
{
    struct rt_explore_lane *lane = e->lane;
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

static void plan(struct rt_explore *e, struct rt_plan *p)
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
    struct rt_explore *e = p->host;
    struct rt_explore_lane *lane = e->lane;
    const struct rt_record *r = &lane->record;
    if (r->outcome == RT_OUTCOME_ENDED && r->result != 0)
        _exit(RT_EXPLORE_FAILED);
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

static void run_job(struct rt_explore *e, uint64_t job, uint64_t number)
{
    const struct rt_candidate none = {.list = ""};
    struct rt_plan p = {.host = e, .next = next};
    rt_explore_become_child(open("/dev/null", O_WRONLY));
    e->lane = &e->lanes[job];
    e->frontier =
        (struct rt_frontier){.share = (uint32_t)job, .shares = e->options.jobs, .most_programs = MOST_PROGRAMS};
    rt_frontier_suspect(&e->frontier, &e->lanes[e->options.jobs].record);
    rt_frontier_add(&e->frontier, &e->lanes[e->options.jobs].record, &none, 0);
    e->frontier.shares = 0;
    choose(e, number);
    plan(e, &p);
    rt_plan = &p;
    int result = goro_run(e->fn, e->arg);
    _exit(result < 0);
}

int rt_explore_job_start(struct rt_explore *e, uint64_t job, uint64_t number)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        run_job(e, job, number);
    e->processes[job] = (struct rt_explore_process){pid > 0 ? pid : 0, pid > 0 ? pidfd_open(pid, 0) : -1};
    return pid < 0 ? -errno : 0;
}
