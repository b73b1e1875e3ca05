/* Clocks of the slots of a channel's buffer, each used as by sync_handoff: kept with the channel by its runtime, and guarded by the
 * channel's own lock, so that an element that goes through costs no look-up and no lock of ours. */
#ifndef GORACE_SLOTS_H
#define GORACE_SLOTS_H

#include "sync.h"

#define SLOTS_MOST 1024 /* for each there is memory from the beginning; of a larger buffer slots are objects like any other */

/* As sync_each_clock. The verbs: detector.h. */
void slots_each_clock(void (*visit)(const struct vclock *c, void *ctx), void *ctx);

#endif
