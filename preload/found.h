/* What the core finds: to the reporter, to listeners, and to the end of a process that it ends. */
#ifndef GORACE_FOUND_H
#define GORACE_FOUND_H

#include "current.h"

/* Sets the host's functions for findings: found, raced, deferred, deadlocked. */
void found_host(struct detector_host *host);

#endif
