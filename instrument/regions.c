/* See regions.h. */
#include "regions.h"

#include <sys/mman.h>

#include "../preload/raw.h"

uintptr_t *regions;

bool regions_start(void)
{
    const long at = raw_syscall(SYS_mmap, 0, (long)(REGIONS * sizeof *regions), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);
    if (at <= 0 || at > INT32_MAX)
        return false;
    regions = (uintptr_t *)at;
    return true;
}
