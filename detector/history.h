/* A granule's history as a list of accesses, however it is stored:
 *
 *  - up to four accesses: the granule's cells (shadow.h);
 *  - a few more: the last cell is a link to four, eight or sixteen more, in a small spill block;
 *  - more: the last cell is a link to a larger block, with a head; if most do not race with each other, by actor (crowd.h);
 *  - reads that several actors renew: all in sight or in a block with a head, SPILL_STANDS (standing.h);
 *  - when an access has no stamp, because there are no numbers left: all are in the block, in full.
 *
 * A link has no bytes. It is the number of the block; one of more than 24 bits has its upper ones in the third cell, that has no
 * bytes either then. The other cells of the granule are where the fast path sees them, so what covers accesses of now is to be
 * there. Who wants to read or change what a link leads to puts LINK_HELD in its place first, or owns the page (owner.h). */
#ifndef GORACE_HISTORY_H
#define GORACE_HISTORY_H

#include "shadow.h"
#include "spill.h"

#define HISTORY_MAX 24000u /* accesses: as many unordered threads on one granule */
#define LINK_HELD 0x100u

/* To a block whose number has no more than 24 bits. */
static inline uint32_t history_link(uint32_t block)
{
    return block << 8;
}
/* The block's number, or the lower 24 bits of it. */
static inline uint32_t history_low(uint32_t link)
{
    return link >> 8;
}

static inline bool granule_held(const union granule *g)
{
    return g->cell[CELLS - 1] == LINK_HELD;
}

/* Of a granule, when the caller holds it or the world stands still. `g` is what it was before it was held. */
static inline bool history_is_cell(uint32_t word)
{
    return word & CELL_BYTES;
}
static inline uint32_t history_block(const union granule *g) /* 0: none */
{
    if (!granule_spilled(g))
        return 0;
    const uint32_t low = history_low(g->cell[CELLS - 1]), third = g->cell[CELLS - 2];
    return history_is_cell(third) ? low : low | third >> 8 << 24;
}
/* The fours of a block that has nothing else, *n of them: 1, 2 or 4; NULL: there is no block, or it has a head. */
static inline four_cells *history_fours_of(uint32_t block, unsigned *n)
{
    const size_t room = block ? spill_room(block) : 0;
    *n = (unsigned)(room / sizeof(four_cells));
    return room && room <= SPILL_PLAIN ? spill_at(block)->four : NULL;
}
/* A cell that sums up (missed.c): no access, but its bytes are those of accesses of one epoch, whose class has its own. Its stamp has
 * the `who` of these, so that what they are dominated by takes the bytes from it, too; who works on lists does not see it. */
static inline bool history_is_sum(uint32_t cell)
{
    return stamps[cell >> CELL_STAMP_SHIFT].meta & META_SUM;
}
static inline uint32_t history_cell(const struct access *x)
{
    return x->stamp << CELL_STAMP_SHIFT | cell_from_meta(x->meta);
}
/* No more accesses than this. */
uint32_t history_length(const union granule *g);
/* Returns how many there are. */
uint32_t history_list(const union granule *g, struct access *list);

/* The same of a granule with a link; NULL, too, if not all of its own cells but the last one are cells. */
static inline four_cells *history_next(const union granule *g, unsigned *n)
{
    const uint32_t block = history_block(g);
    return block >> 24 ? NULL : history_fours_of(block, n);
}

/* For a step on cells: the history by fours, the granule's own first, and an empty one at the end. Places that are no
 * cell's have CELL_TAKEN. Returns how many there are; 0: too many, or some accesses have no stamp. */
#define CELL_TAKEN LINK_HELD
#define HISTORY_FOURS 6u
unsigned history_fours(const union granule *g, four_cells v[HISTORY_FOURS]);
/* Puts back the n fours that history_fours has read from *g, changed: *g becomes what the granule is to be. False, and
 * nothing is changed, when there is no memory. `own` tells which cells are better in sight */
bool history_put_fours(const struct stamp_own *own, struct spill_stock *stock, const four_cells *v, unsigned n,
                       union granule *g);

/* Waits until the granule is not held, and holds it: returns what it was. Until granule_put it is the caller's. Reads that stood do so
 * no longer (standing.h). */
union granule history_hold(union granule *g);
/* The same for such a read: those of others go on to stand. */
union granule history_hold_standing(union granule *g);
static inline bool history_stands(uint32_t block)
{
    return spill_room(block) == 2 * SPILL_PLAIN &&
           __atomic_load_n(&spill_at(block)->head, __ATOMIC_RELAXED) & SPILL_STANDS;
}
/* What a granule becomes with n cells, the first ones in sight, SPILL_STANDING_CELLS at most; else as history_pack. */
bool history_put_standing(struct spill_stock *stock, uint32_t block, const uint32_t *cells, uint32_t n,
                          union granule *out);

/* A block that a link names alone, without the third cell; 0: there is none. */
uint32_t history_take(struct spill_stock *stock, size_t size);
/* A block for twice as many as the n fours that the granule's link leads to, with these in it: the new ones; NULL: there is none. In a page
 * of the actor's. */
four_cells *history_grow(struct spill_stock *stock, union granule *g, unsigned n);

/* Gives the block of *g back, which has a link, when all that is remembered has room in sight, with a place left. The caller holds the
 * granule, or it is in a page of its own. */
void history_unite(struct spill_stock *stock, union granule *g);

/* What a granule becomes with a history of n accesses; `block`: the one it had, which is used again or put back, or 0.
 * False, and nothing is changed, when it is too long or there is no memory. */
bool history_pack(struct spill_stock *stock, uint32_t block, const struct access *list, uint32_t n, union granule *out);

/* Counts a history that could not be kept, for want of memory or room; history_pack does it itself. */
void history_lost(void);
uint64_t histories_lost(void);

#endif
