/* The events of a trace (detector/trace_format.h), in the order in which they happened: of one process after another, and by
 * sequence number within each. */
#ifndef GORACE_LAUNCHER_TRACE_READ_H
#define GORACE_LAUNCHER_TRACE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_format.h"

struct trace_event {
    uint64_t sequence, ticks, actor, object, value;
    uintptr_t pc;     /* return address; 0: not known */
    const char *text; /* NAME and MODULE; else NULL. Lives as long as the trace */
    uint32_t kind;    /* enum trace_kind */
};

struct trace_process {
    uint32_t pid, stopped; /* errno of what ended the recording early; 0: nothing */
    struct trace_clock first, last;
    struct trace_event *events;
    size_t n, room;
    uint32_t chunks;
};

struct trace {
    struct trace_process *processes;
    size_t n;
    bool cut; /* the file ends in the middle of something: the rest is lost */
};

/* Ends the launcher when there is no such file, or it is not a trace. To be freed by trace_free. */
struct trace trace_read(const char *file);
void trace_free(struct trace *t);

/* Nanoseconds since the beginning of the recording of the process. */
uint64_t trace_time(const struct trace_process *p, const struct trace_event *e);
const char *trace_kind_text(uint32_t kind);

#endif
