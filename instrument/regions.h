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

/* base: region_base(addr) */
static inline void regions_note(uintptr_t addr, uintptr_t base)
{
    if (unlikely(base && !__atomic_load_n(&regions[addr >> REGION_SHIFT], __ATOMIC_RELAXED)))
        __atomic_store_n(&regions[addr >> REGION_SHIFT], base, __ATOMIC_RELAXED);
}

#endif
