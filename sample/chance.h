/* What was sampled and what was not, and what that says of a race that was not found. */
#ifndef GORACE_SAMPLE_CHANCE_H
#define GORACE_SAMPLE_CHANCE_H

#include "pending.h"

enum unsampled {
    UNSAMPLED_NOTHING, /* no access of the program's code lies ahead */
    UNSAMPLED_AWAY,    /* nobody came to the one that was drawn */
    UNSAMPLED_OTHER,   /* it was of no interest: the thread's own stack, say */
    UNSAMPLED_BUSY,    /* somebody else is being watched */
    UNSAMPLED_REFUSED, /* the kernel did not arm */
    UNSAMPLED_LATE,    /* a stop that came too late, or with SIGTRAP blocked */
    UNSAMPLEDS
};

/* Any thread. */
void chance_not(enum unsampled why);
/* One caller at a time: a thread has stood before n accesses for so long. */
void chance_watched(const struct pending *list, int n, uint64_t ns);
void chance_forked(void);
/* The line for the end of a run: valid until the next call. */
const char *chance_line(unsigned percent, uint64_t threads_missed);

#endif
