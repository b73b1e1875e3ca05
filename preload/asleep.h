/* Whether anything of the process is still awake; for the core's search of deadlocks. */
#ifndef GORACE_ASLEEP_H
#define GORACE_ASLEEP_H

#include "../detector/detector.h"

/* detector_host.asleep: by /proc/self/task. Without /proc nobody is known to sleep. */
enum asleep threads_asleep(enum sleeper (*who)(int tid));
/* Whether other processes may see the byte at `addr`: by /proc/self/maps; `otherwise` when that does not say. */
bool memory_shared(uintptr_t addr, bool otherwise);

#endif
