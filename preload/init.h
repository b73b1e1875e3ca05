/* Start and end of the detector in this process. */
#ifndef GORACE_INIT_H
#define GORACE_INIT_H

#include <stdbool.h>

/* Starts the detector when nobody has yet; false while that is under way, when it is switched off, and in the child of
 * a vfork. */
bool detector_running(void);

/* Before there is a second actor: loads what names functions and unwinds, reads the suppressions. A process that never
 * has a second thread does not pay for it; later, the loader's lock might be held by somebody who waits for us. */
void reports_ready(void);
/* There is, or is about to be, more than one actor: from now on accesses mean something (instrument=1). */
void accesses_count(bool alone);
bool reports_are_ready(void);

#endif
