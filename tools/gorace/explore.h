/* A search of `gorace explore`: explore.c looks, explore_found.c says what was found. */
#ifndef GORACE_LAUNCHER_EXPLORE_H
#define GORACE_LAUNCHER_EXPLORE_H

#include <stdbool.h>

#include "attempt.h"

struct failed { /* one way to fail, and the first schedule that did */
    uint64_t number;
    char *token;
    char *sites; /* attempt.h */
    char *replay; /* what brings it about, once that is known */
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
    struct rt_record *record; /* of one that passed, without its switches; NULL: nothing follows from it */
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
    uint64_t next, done, late, directed, fresh_at; /* fresh_at: schedules done when an ordering was new last */
    struct rt_seen orderings;
    struct predictions predictions;
    struct failed *failed;
    size_t failed_count;
    bool stop, saturated, any_steps;
    double begun;
    double told;
};

/* Runs each failure again, tells it and writes the summary; the exit status. */
int explore_conclude(struct explore *e);

#endif
