/* The core's table of regions (shadow.h) once more, where an instruction has room for its address: in the lower 2 GB. So a check needs
 * no register for it. An entry is put in when the slow path meets its region; the core's never change once they are there. */
#ifndef GORACE_INSTRUMENT_REGIONS_H
#define GORACE_INSTRUMENT_REGIONS_H

#include "../detector/shadow.h"

extern uintptr_t *regions __attribute__((visibility("hidden")));

bool regions_start(void); /* false: there is no room */

static inline int32_t regions_at(void)
{
    return (int32_t)(uintptr_t)regions;
}

/* region_base(addr), which is known from now on. */
static inline uintptr_t region_noted(uintptr_t addr)
{
    const uintptr_t region = addr >> REGION_SHIFT;
    if (unlikely(region >= REGIONS))
        return 0;
    const uintptr_t noted = __atomic_load_n(&regions[region], __ATOMIC_RELAXED);
    if (likely(noted))
        return noted;
    const uintptr_t base = region_base(addr);
    if (base)
        __atomic_store_n(&regions[region], base, __ATOMIC_RELAXED);
    return base;
}

#endif
