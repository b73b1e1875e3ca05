/* Whether an access is covered by what its granule has in a spill block, where the check does not look: what the added code asks
 * before it goes to the detector (access_hook.c). Without vector registers, and so none has to be kept for it. */
#ifndef GORACE_INSTRUMENT_QUICK_H
#define GORACE_INSTRUMENT_QUICK_H

#include <stdbool.h>

/* True: nothing is to be done for the access that the thread's slots tell of. */
bool quick_covers(void);

#endif
