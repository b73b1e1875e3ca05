/* What reports need: a symbolizer, suppressions, files. */
#ifndef GORACE_REPORTS_H
#define GORACE_REPORTS_H

#include <stdbool.h>

/* Before there is a second actor: loads what names functions and unwinds, reads the suppressions. A process that never
 * has a second thread does not pay for it; later, the loader's lock might be held by somebody who waits for us. */
void reports_ready(void);
/* The same at the end of a process in which nothing was found: no file is opened for names, which a filter of system
 * calls may forbid by now. */
void reports_ready_unnamed(void);
bool reports_are_ready(void);

/* A line on stderr, before there are reports. */
void say_at_once(const char *line);

#endif
