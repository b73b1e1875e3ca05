/* See quick.h. Nobody else changes the block in a page that is the actor's, while it is stepping there (owner.h). What comes meanwhile
 * for an actor that is inside is left to the slow path: then this finds nothing out. */
#include "quick.h"

#include "../detector/access.h"
#include "../detector/history.h"
#include "../detector/owner.h"
#include "access_hook.h"
#include "slots.h"

/* The block that the granule has; 0: none, or none that has cells only. */
static uint32_t block_of(const union granule *g)
{
    const uint32_t link = g->cell[CELLS - 1], third = g->cell[CELLS - 2];
    const bool more = third && !(third & CELL_BYTES); /* of the block's number */
    return more || !link || link & CELL_BYTES || spill_room(link >> 8) > SPILL_PLAIN ? 0 : link >> 8;
}

static bool block_covers(const struct actor *me, uint32_t block, uint32_t need)
{
    const uint32_t *cells = (const uint32_t *)spill_at(block);
    const unsigned n = (unsigned)(spill_room(block) / sizeof *cells);
    for (unsigned i = 0; i < n; i++)
        if (stamp_current(&me->stamps, cells[i]) && !(need & ~cells[i]))
            return true;
    return false;
}

static bool is_interrupted(const struct actor *me)
{
    return __atomic_load_n(&me->pause, __ATOMIC_RELAXED) != 0;
}

bool quick_covers(void)
{
    const uintptr_t addr = slots.address, base = region_base(addr);
    const unsigned size = 1u << (slots.what >> WHAT_SIZE_SHIFT & 7), at = addr & (GRANULE - 1);
    struct actor *me = current_actor;
    if (!me || !base || at + size > GRANULE)
        return false;
    const union granule *g = granule_in(base, addr);
    if (!block_of(g))
        return false;
    const uint32_t class = CELL_PLAIN | (hook_writes(slots.what & WHAT_HOOK) ? CELL_WRITE : 0);
    bool is = false;
    me->inside = 1;
    compiler_barrier();
    if (!is_interrupted(me) && page_enter_fast(me, g, addr)) {
        const uint32_t block = block_of(g);
        is = block && block_covers(me, block, class | ((1u << size) - 1) << at);
        page_leave(me);
    }
    compiler_barrier();
    me->inside = 0;
    compiler_barrier();
    return is && !is_interrupted(me);
}
