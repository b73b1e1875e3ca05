/* Return addresses of the calling thread's frames. Async-signal-safe: no lock, no malloc, no system call. */
#ifndef GORACE_UNWIND_H
#define GORACE_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

/* Innermost first, at most `max`; frames in the range left out are not counted. Returns how many. Of an instruction
 * that a signal interrupted the address is one more than its own, so that all are looked up at one less. */
int unwind_here(uintptr_t *pcs, int max);
/* Text of the detector: frames there are not the program's. Called once, before any thread unwinds. */
void unwind_leave_out(uintptr_t lo, uintptr_t hi);
/* Code may be a copy of the program's (instrument/): original(address in an instruction) gives that of the program's own
 * instruction, which has the rules, and anything else back as it is. NULL: there are none. */
void unwind_copies(uintptr_t (*original)(uintptr_t at));
/* A frame; `pc` is what to look up: inside of the instruction that called, or was interrupted. */
struct unwind_frame {
    uintptr_t pc, rsp, rbp;
    uintptr_t at; /* where pc + 1 was read */
};
/* To the caller. False at the outermost frame that can be known. */
bool unwind_step(struct unwind_frame *f);
/* It is the detector's. */
bool unwind_left_out(const struct unwind_frame *f);

/* A rule: what `pc` alone says of the step to the caller, in 31 bits. 0: more has to be known. Of others: the register from which the place of
 * the return address is at a distance, which is a multiple of 8; and where below it the caller's rbp is, unless it is unchanged. */
enum unwind_anchor { UNWIND_NO_ANCHOR, UNWIND_RSP, UNWIND_RBP };
#define RULE_ANCHOR 3u
#define RULE_DISTANCE_SHIFT 2
#define RULE_DISTANCE_MOST 0x1ffffu
#define RULE_RBP_SHIFT 19
#define RULE_RBP_MOST 0xfffu
static inline enum unwind_anchor unwind_rule_anchor(uint32_t rule)
{
    return (enum unwind_anchor)(rule & RULE_ANCHOR);
}
static inline uintptr_t unwind_rule_distance(uint32_t rule)
{
    return (uintptr_t)(rule >> RULE_DISTANCE_SHIFT & RULE_DISTANCE_MOST) * 8;
}
struct unwind_row {
    uintptr_t start, end; /* of the code that the rule is the same in */
    uint32_t rule;
};
/* Of the program's own code. last: what was found the last time, nothing at first. */
uint32_t unwind_rule(uintptr_t pc, struct unwind_row *last);
/* As unwind_step, by the rule of its pc; not 0. */
bool unwind_step_by(struct unwind_frame *f, uint32_t rule);
/* Code has been unloaded: what is known of its frames no longer holds. */
void unwind_forget(void);

#endif
