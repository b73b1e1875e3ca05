/* What the wrappers tell the core, recorded: libgorace_trace.so is libgorace.so with a tap on the verbs of detector.h.
 *
 * It is linked from the same objects, with --wrap for each verb, so the product itself carries nothing for this. A
 * test finds the functions below by dlsym; they are missing from libgorace.so. */
#ifndef GORACE_TESTS_TRACE_H
#define GORACE_TESTS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_verb {
    TRACE_READ,
    TRACE_WRITE,
    TRACE_FRESH,
    TRACE_ALLOC,
    TRACE_FREE,
    TRACE_ACQUIRE,
    TRACE_RELEASE,
    TRACE_RELEASE_MERGE,
    TRACE_FORGET,
    TRACE_GOT,
    TRACE_GONE,
    TRACE_BORN,
    TRACE_JOINED,
    TRACE_ENDED,
    TRACE_DETACHED,
    TRACE_UNWOUND
};

/* Forgets everything, and records what follows, of all threads. */
void gorace_trace_begin(void);
void gorace_trace_end(void);
/* Whether the verb was told of exactly this object (address or key; 0: any) and size (SIZE_MAX: any). */
bool gorace_trace_saw(enum trace_verb verb, uint64_t object, size_t size);
/* Whether some key was released, and acquired after that. */
bool gorace_trace_edge(void);
void gorace_trace_print(void);

#endif
