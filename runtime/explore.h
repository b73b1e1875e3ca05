/* A call of goro_explore: explore.c gives out the numbers of schedules and hears of their ends, explore_job.c runs them
 * one after the other in a process, explore_found.c runs one again and says what was found. */
#ifndef RT_EXPLORE_H
#define RT_EXPLORE_H

#include <goro/goro.h>

#include <sys/types.h>

#include "det_plan.h"
#include "search.h"

enum { RT_EXPLORE_JOBS = 64 };
enum { RT_EXPLORE_FAILED = 1 }; /* what goro_explore returns for it, and the status of a job whose schedule has */

/* Of a job; shared with it. */
struct rt_explore_lane {
    struct rt_record record; /* of the schedule that it runs */
    uint64_t number;
    uint64_t done, given_up;
    bool saturated;
    char token[RT_TOKEN];
};

struct rt_explore {
    int (*fn)(void *arg);
    void *arg;
    struct goro_explore_options options;
    struct rt_portfolio portfolio;
    struct rt_explore_lane *lanes; /* shared; one more than jobs: for attempts */
    uint64_t *orderings;           /* shared: of each schedule, by its number; 0: not run */
    uint64_t *last;                /* shared: no schedule behind this one is to be run */
    struct rt_explore_process {
        pid_t pid; /* 0: none */
        int fd;    /* readable when it has ended */
    } processes[RT_EXPLORE_JOBS];
    int output; /* of attempts */
    /* a job's own */
    struct rt_explore_lane *lane;
    struct rt_frontier frontier;
    struct rt_candidate candidate;
    unsigned cost;
    struct rt_seen seen;
    uint64_t fresh_at;
};

/* Starts the process of `job` with schedule `number`, which goes on by itself. Returns 0, or -errno. */
int rt_explore_job_start(struct rt_explore *e, uint64_t job, uint64_t number);

/* In a child: its output goes to `output`; it dumps no core, and does not outlive its parent. */
void rt_explore_become_child(int output);

/* What a process that ran the record's schedule has come to; false: no failure. */
bool rt_explore_judge(const struct rt_record *r, int status, struct rt_failure *failure);
/* rt_attempts.run; the host is a struct rt_explore. */
bool rt_explore_attempt(void *host, const char *token, struct rt_failure *failure, const struct rt_record **record);
/* Runs what has failed in `lane` again, shrinks it, says so unless it is to be quiet, and fills `result`. */
void rt_explore_conclude(struct rt_explore *e, const struct rt_explore_lane *lane, const struct rt_failure *failure,
                         struct goro_exploration *result);

#endif
