/* gorace trace: what the exports share. */
#ifndef GORACE_LAUNCHER_TRACE_H
#define GORACE_LAUNCHER_TRACE_H

#include <stdio.h>

#include "trace_names.h"
#include "trace_read.h"

/* An actor of a process, from its first event on. */
struct trace_actor {
    uint64_t number, goroutine; /* goroutine: 0 for a thread */
    const char *name;           /* or "" */
    size_t events;
    bool green; /* a goroutine */
};

struct trace_actors {
    struct trace_actor *at; /* sorted by number */
    size_t n;
};
struct trace_actors trace_actors_of(const struct trace_process *p);
const struct trace_actor *trace_actor_find(const struct trace_actors *all, uint64_t number);
/* "goroutine 3 (work)", "T2" or "main thread". Valid until the next call. */
const char *trace_actor_text(const struct trace_actor *a);
/* "mutex lock", "channel 0x5020": what a lock or a wait is about. how: enum how of locks.h. Valid until the next call. */
const char *trace_thing_text(struct trace_names *names, uint64_t object, uint64_t how);

void trace_write_perfetto(FILE *to, const struct trace *t);
void trace_write_std(FILE *to, const struct trace *t);

#endif
