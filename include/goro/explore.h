/* Searching for a schedule under which a test fails. Included by goro.h; docs/explore.md. */
#ifndef GORO_EXPLORE_H
#define GORO_EXPLORE_H

#ifdef __cplusplus
extern "C" {
#endif

struct goro_explore_options { /* zero: the defaults */
    uint64_t schedules;   /* to try at most: 10000 */
    uint64_t seed;        /* of the first schedule: 1 */
    uint64_t saturation;  /* end after so many in a row without a new ordering: a tenth of `schedules`; UINT64_MAX: never */
    uint64_t most_steps;  /* of a schedule; one that is longer is given up, but is no failure: 1000000 */
    const char *strategy; /* random, pct:D, pos, slice, rr: a mixture with systematic ones */
    unsigned jobs;        /* processes that search at the same time: one for each processor */
    bool quiet;           /* nothing on the standard error */
};

struct goro_exploration { /* what came of it */
    uint64_t schedules, orderings; /* that were run, and how many of them differed in the order of operations on some object */
    uint64_t given_up;  /* of the schedules: too long */
    uint64_t failed_at; /* the failure's number, from 0 */
    bool saturated;
    bool again;         /* it failed in the same way with the same schedule in a new process */
    unsigned switches;  /* of goroutines that the failure takes */
    char failure[300];  /* "": none */
    char *replay;       /* the value of GORO_REPLAY; the caller frees it; NULL: none */
};

/* Runs fn(arg) as the main goroutine, as goro_run does, with one schedule after the other, until one fails: by a panic, a failed
 * assertion, a signal, a deadlock, or a result that is not 0. 0: none did; 1: one did, which is told on the standard error, with
 * its switches and its GORO_REPLAY; -EBUSY from a goroutine; -ENOMEM, -EAGAIN.
 *
 * The searching is done by forked processes, which run many schedules in a row: what fn leaves behind in memory is there when it
 * begins again, so it has to set up all that it uses. Their output is dropped, but for that of the schedule that is told.
 *
 * With GORO_REPLAY in the environment this one schedule is run, in this process: for a debugger. result may be NULL. */
int goro_explore(int (*fn)(void *arg), void *arg, const struct goro_explore_options *options,
                 struct goro_exploration *result);

#ifdef __cplusplus
}
#endif
#endif
