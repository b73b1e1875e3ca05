/* See quick.h. The cells of the present epoch count together. Sound without a mark that the actor is inside, for the reasons that
 * access_covered has (detector/access.h). */
#include "quick.h"

#include "access_hook.h"
#include "slots.h"

static bool granule_covers(const volatile uint32_t *cell, const volatile uint64_t *span, uint32_t class, uint32_t bytes)
{
    uint32_t have = 0, cells[QUICK_CELLS];
    for (unsigned i = 0; i < QUICK_CELLS; i++)
        cells[i] = cell[i];
    const uint64_t now = *span; /* after the cells */
    for (unsigned i = 0; i < QUICK_CELLS; i++)
        if ((int32_t)(cells[i] - (uint32_t)now) < (int32_t)(now >> 32) && !(class & ~cells[i]))
            have |= cells[i];
    return !(bytes & ~have);
}

bool quick_covers(void)
{
    const uintptr_t addr = slots.address;
    const unsigned log2size = slots.what >> WHAT_SIZE_SHIFT & 7;
    const char *me = (const char *)current_actor;
    if (!me)
        return false;
    const uintptr_t region = addr >> QUICK_REGION_SHIFT;
    const uintptr_t base = region < quick.regions ? __atomic_load_n(&quick.table[region], __ATOMIC_RELAXED) : 0;
    if (*(const volatile uint32_t *)(me + quick.pause) == quick.solo)
        return true; /* alone, there is nothing to remember */
    if (!base || log2size > QUICK_LOG2SIZE)
        return false;
    /* The granule behind a region's last one is always empty. */
    const uint32_t *cell = (const uint32_t *)(base + (addr & ~(uintptr_t)(QUICK_GRANULE - 1)) * 2);
    const uint32_t class = QUICK_PLAIN | (hook_writes(slots.what & WHAT_HOOK) ? QUICK_WRITE : 0);
    uint64_t mask = ((UINT64_C(1) << (1u << log2size)) - 1) << (addr & (QUICK_GRANULE - 1));
    if (!(mask >> QUICK_GRANULE))
        return false; /* the check has looked at it; that two cells together cover it is rare */
    do {
        if (!granule_covers(cell, (const volatile uint64_t *)(me + quick.now_span), class, mask & 0xff))
            return false;
        cell += QUICK_CELLS;
        mask >>= QUICK_GRANULE;
    } while (mask);
    return true;
}
