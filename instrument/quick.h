/* Whether an access is covered: what the added code asks (access_hook.c) when its look at one cell was not enough. It uses no
 * vector registers, and so none has to be kept for it; for which reason it is compiled apart from the core's headers. */
#ifndef GORACE_INSTRUMENT_QUICK_H
#define GORACE_INSTRUMENT_QUICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The core's, as far as it is looked at; access_hook.c fills it in. */
struct quick {
    const uintptr_t *table; /* shadow.h */
    uintptr_t regions;
    size_t now_span, pause; /* in struct actor */
    uint32_t solo;
};
extern const struct quick quick __attribute__((visibility("hidden")));

#define QUICK_REGION_SHIFT 28
#define QUICK_GRANULE 8u
#define QUICK_CELLS 4u
#define QUICK_LOG2SIZE 5u /* of the largest access */
#define QUICK_WRITE 0x100u
#define QUICK_PLAIN 0x200u

/* True: nothing is to be done for the access that the thread's slots tell of. */
bool quick_covers(void);

#endif
