/* What matters of a schedule that failed: the few of its switches without which it does not. Pure, as search.h. */
#ifndef RT_SHRINK_H
#define RT_SHRINK_H

#include "schedule.h"

/* How a run has failed. Two failures with the same `what` are one. */
struct rt_failure {
    uint64_t what;
    char text[300];
};

struct rt_attempts {
    /* Runs the schedule; true: it failed, *failure says how. record: what was written down, with the list of switches;
     * the host's, until the next attempt. */
    bool (*run)(void *host, const char *token, struct rt_failure *failure, const struct rt_record **record);
    void *host;
    uint32_t most; /* attempts of a shrink */
};

struct rt_found {
    bool again;        /* it failed in the same way when it was run once more */
    bool shrunk;       /* the token is a list of switches */
    uint32_t switches; /* of the token: those that matter */
    uint32_t before;   /* switches of the schedule that was found */
    uint32_t attempts;
    char token[RT_TOKEN]; /* with checks */
};

/* Runs `token` (with the checks of the run that was found, if there are any) again, and, if that fails as `failure`
 * says, looks for the few switches that it takes. Last runs what it returns, so that the host has its output and
 * record. */
void rt_shrink(const struct rt_attempts *a, const char *token, const struct rt_failure *failure,
               struct rt_found *found);
/* One line of text for the ith switch of a record. */
void rt_switch_print(const struct rt_record *r, uint32_t i, char *text, size_t room);

#endif
