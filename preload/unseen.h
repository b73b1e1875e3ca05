/* Races that only look like races because the program orders its threads where nobody looks. */
#ifndef GORACE_UNSEEN_H
#define GORACE_UNSEEN_H

#include "../detector/finding.h"

/* Both stand in inside_begin(), round the loading of modules for the detector's own use. */
void unseen_ours_begin(void);
void unseen_ours_end(void);

/* Whether `f` may be ordered by atomic operations of code without the hooks. Counts it, if so. */
bool unseen_order(const struct finding *f);

/* Whether no race of what the function of libc called from `pc` does will ever pass unseen_order: nothing in the process has the
 * hooks, no race is expected, and `pc` is in code which may order what it does unseen. Takes no lock. */
bool unseen_code(uintptr_t pc);

/* One line for the end of the run, by one thread; NULL when there was nothing. */
const char *unseen_summary(void);
/* In the child of fork: what was counted is its parent's. */
void unseen_forked(void);

#endif
