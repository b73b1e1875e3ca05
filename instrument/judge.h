/* What machine code does not say: which accesses are atomic operations of the program. */
#ifndef GORACE_INSTRUMENT_JUDGE_H
#define GORACE_INSTRUMENT_JUDGE_H

#include "../detector/finding.h"
#include "decode.h"

/* What an access may be for the program. */
enum side { SIDE_PLAIN, SIDE_MOVE, SIDE_WIDE, SIDE_UPDATE, SIDE_ATOMIC };
/* Of these bytes, by this instruction. */
enum side judge_side(const struct insn *i, uintptr_t addr, size_t size);
/* Whether they cannot both be atomic operations of the program. */
bool judge_decided(const enum side side[2], const uintptr_t addr[2], const size_t size[2]);

/* For detector_host.raced; with instrument=1, and without it, when of modules without the hooks those of atomics_of= alone are seen. */
enum finding_tier judge_race(struct actor *by, const struct raced side[2]);
enum finding_tier judge_order(struct actor *by, const struct raced side[2]);
/* For judge_order there is something to judge: a side is in a module that is seen for its order only. Calls nothing of libc. */
bool judge_has_order(const struct raced side[2]);

/* A line on races that were held to be only possible because of code made at run time; NULL: there were none. */
const char *judge_summary(void);

#endif
