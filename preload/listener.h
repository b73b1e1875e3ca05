/* The program's own function that is told of findings (GORACE_ON_FINDING). */
#ifndef GORACE_LISTENER_H
#define GORACE_LISTENER_H

#include <stdbool.h>

#include "../detector/report.h"

struct gorace_finding;

/* NULL: nobody listens any more. */
void listener_set(void (*function)(const struct gorace_finding *, void *), void *argument);
bool listener_any(void);
/* The caller stands in inside_begin(): what the function does is not watched. */
void listener_tell(struct report_summary *summary);

#endif
