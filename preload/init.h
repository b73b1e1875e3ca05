/* Start of the detector in this process. */
#ifndef GORACE_INIT_H
#define GORACE_INIT_H

#include <stdbool.h>

/* Starts the detector when nobody has yet; false while that is under way, when it is switched off, and in the child of
 * a vfork. */
bool detector_running(void);
/* There is somebody who finds something: the detector, or what samples for it. */
bool detector_at_work(void);

/* There is, or is about to be, more than one actor: from now on accesses mean something (instrument=1). */
void accesses_count(bool alone);

#endif
