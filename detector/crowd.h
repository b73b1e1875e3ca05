/* A history of many, where accesses of one class that do not race with each other are most of it: thousands of goroutines that read one
 * word, or that count in it by relaxed operations. These, the crowd, are found by their actor; the few others are in a row before them:
 *
 *   head, class, used   few[12]   table ...
 *
 * So the step of an access that does not race with the crowd either takes as long however many there are: it looks at what is in sight, at
 * the few, and at what its own actor has in the table. What it dominates there of other actors' stays. That changes no verdict: who comes
 * later and does not know such an access does not know the one either that dominates it, whose race is found all the same. All other steps
 * are taken with the whole as a list (race_list.c), and forget what they dominate. */
#ifndef GORACE_CROWD_H
#define GORACE_CROWD_H

#include "actor.h"
#include "history.h"

/* Cells that a crowd's block may have; less than the table's places. */
#define CROWD_MAX 24000u

/* Bytes of a block for these accesses, which have stamps, if they are a crowd, whose class is *class then; 0: they are not. */
size_t crowd_size(const struct access *list, uint32_t n, uint32_t *class);
/* The block becomes that of a crowd; its room is at least crowd_size of these and others. Their stamps are not looked at: in a collection they are
 * those to come. */
void crowd_make(uint32_t block, uint32_t class, const struct access *list, uint32_t n);
static inline bool crowd_is(const struct spill *b)
{
    return b->head & SPILL_CROWD;
}
/* All places for cells, *n of them; in some is what is no cell (history_is_cell). */
const uint32_t *crowd_places(const struct spill *b, uint32_t *n);

/* The step of `cell` in a granule with a crowd, which the caller holds or owns. False: it takes a list; there is no crowd, or a race, or no room.
 * Nothing that it needs has changed then. */
bool crowd_step(const struct actor *a, union granule *g, uint32_t cell);

#endif
