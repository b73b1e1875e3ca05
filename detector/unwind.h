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
/* The register from which the place of the return address is at a distance that `pc` (as in a frame) alone says. */
enum unwind_anchor { UNWIND_NO_ANCHOR, UNWIND_RSP, UNWIND_RBP };
enum unwind_anchor unwind_anchor(uintptr_t pc);
/* Code has been unloaded: what is known of its frames no longer holds. */
void unwind_forget(void);
/* Changes when that happens, in bits that addresses of code have not: atomic. */
extern uint64_t unwind_generation __attribute__((visibility("hidden")));

#endif
