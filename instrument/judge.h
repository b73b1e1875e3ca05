/* What machine code does not say: which accesses are atomic operations of the program. */
#ifndef GORACE_INSTRUMENT_JUDGE_H
#define GORACE_INSTRUMENT_JUDGE_H

#include "../detector/finding.h"

/* For detector_host.raced. */
enum finding_tier judge_race(struct actor *by, const struct raced side[2]);

#endif
