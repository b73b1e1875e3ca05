/* What lies at an address of a traced process: functions and lines from the files that its MODULE events name, as they are on
 * this machine now. A module that is not here, or has changed, is named with the offset in it. */
#ifndef GORACE_LAUNCHER_TRACE_NAMES_H
#define GORACE_LAUNCHER_TRACE_NAMES_H

#include "trace_read.h"

struct trace_names;
struct trace_names *trace_names_new(const struct trace_process *p);
void trace_names_free(struct trace_names *n);

/* "work lock.c:12", "lock+0x26d0", or "" for 0: the call at return address pc. Valid until the next call. */
const char *trace_place(struct trace_names *n, uintptr_t pc);
/* The global variable at an address, or "". Valid until the next call. */
const char *trace_variable(struct trace_names *n, uintptr_t addr);

#endif
