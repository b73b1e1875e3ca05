/* sample=PERCENT: races of unmodified binaries, by samples, at next to no cost. What preload/ calls.
 *
 * Now and then a thread is made to stand still just before an access, for a moment, while breakpoints of the processor watch
 * the bytes in all threads. Who makes a conflicting access meanwhile races with it, and both stacks are at hand
 * (DataCollider, Erickson et al., OSDI'10). Nothing else of the detector is at work. */
#ifndef GORACE_SAMPLE_H
#define GORACE_SAMPLE_H

#include <stdbool.h>

/* Of the time at most `percent` is stood still. In inside_begin(), before the program has threads. False, with one line that says
 * why, when nothing can be sampled. */
bool sample_start(unsigned percent, const char **why);
bool sample_on(void);
/* In wrapped functions, which a process calls that switches between threads: it may be time for the next window (window.h). */
void sample_again(void);
/* Whether the descriptor is ours: the program does not know of it. */
bool sample_has(int fd);
/* The lowest of those from `first` on; -1: none. */
int sample_next(unsigned first);
/* No samples any more: the process confines itself to some system calls, say. */
void sample_stop(void);
/* The same, and what was met is told. In inside_begin(). */
void sample_end(void);
/* For the coverage line. */
const char *sample_summary(void);
/* In the child of fork. */
void sample_forked(void);

#endif
