/* When events are open: each of the kernel's switches between threads that have some costs a little more. A process that switches all
 * the time is sampled for a moment now and then. */
#ifndef GORACE_SAMPLE_WINDOW_H
#define GORACE_SAMPLE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* Events were opened now. */
void window_opened(uint64_t now_ns);
/* Whether they have cost more of the processor's time since then than that, and are to be closed until window_due. */
bool window_over(uint64_t now_ns, unsigned percent);
/* Cheap, and only true after window_over. */
bool window_due(void);

#endif
