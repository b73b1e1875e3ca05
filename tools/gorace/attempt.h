/* One run of a program with a schedule of libgoro's deterministic mode: a process of its own, whose output is kept. */
#ifndef GORACE_LAUNCHER_ATTEMPT_H
#define GORACE_LAUNCHER_ATTEMPT_H

#include <sys/types.h>

#include "../../runtime/search.h"
#include "prediction.h"

struct attempt_plan {
    char **program;
    const char *options; /* GORACE_OPTIONS; NULL: without the detector */
    double seconds;      /* how long a run may take */
    uint64_t most_steps; /* 0: any number */
};

enum attempt_end { ATTEMPT_PASSED, ATTEMPT_FAILED, ATTEMPT_LATE /* it had to be killed, or took too many steps */ };

/* A place for one run after the other. */
struct attempt {
    pid_t pid;                /* 0: none runs */
    int fd;                   /* of the process: readable when it has ended */
    double until;             /* attempt_now */
    struct rt_record *record; /* of the last run, from its end until the next */
    char *record_file, *output_file, *findings_file;
    uint64_t number; /* the caller's */
    char *sites;     /* of the deadlock that was its failure (prediction.h); NULL: there is none. Until the next run */
    struct predictions *predictions; /* the caller's; what is predicted in a run is added */
};

/* Files in `folder`, which attempt_close removes. Ends the launcher when they cannot be made. */
void attempt_open(struct attempt *a, const char *folder, unsigned place);
void attempt_close(struct attempt *a);
enum attempt_wish { ATTEMPT_POINTS, ATTEMPT_SWITCHES }; /* which lists the record is to have */
void attempt_start(struct attempt *a, const struct attempt_plan *plan, const char *token, enum attempt_wish wish);
/* Seconds of the monotonic clock. */
double attempt_now(void);
/* Milliseconds until its time is over. */
int attempt_left(const struct attempt *a);
/* The process has ended, or its time is over: then it is killed. *failure says how it failed, or why it is late. */
enum attempt_end attempt_finish(struct attempt *a, struct rt_failure *failure);

#endif
