/* Whether anything of the process is still awake; for the core's search of deadlocks. */
#ifndef GORACE_ASLEEP_H
#define GORACE_ASLEEP_H

#include "../detector/detector.h"

/* detector_host.asleep: by /proc/self/task. Without /proc nobody is known to sleep. */
enum asleep threads_asleep(bool (*known)(int tid, void *ctx), void *ctx);

#endif
