/* See crowd.h. The table is open addressing by the slot of a cell's actor. What goes leaves CELL_TAKEN behind, so that what was put behind
 * it is still found. To look at a cell's slot is a miss of the cache, so the table is no more than half full, but for the largest, which is
 * so up to three quarters. */
#include "crowd.h"

#include "cells.h"

#define FEW 12u
struct crowd {
    uint32_t head, class, used, unused; /* used: places of the table that are not 0 */
    union {
        four_cells fours[FEW / CELLS];
        uint32_t few[FEW];
    };
    uint32_t table[];
};
#define BEFORE_TABLE (sizeof(struct crowd) / sizeof(uint32_t))
_Static_assert(SPILL_CHUNK_UNITS * SPILL_UNIT / sizeof(uint32_t) >= BEFORE_TABLE + CROWD_MAX / 3 * 4 + 4, "the largest block");

static struct crowd *crowd_at(uint32_t block)
{
    return (struct crowd *)spill_at(block);
}

static uint32_t places(const struct crowd *c)
{
    return (c->head >> SPILL_COUNT_SHIFT) - (uint32_t)BEFORE_TABLE;
}

static uint32_t slot_of(uint32_t cell)
{
    return who_slot(stamps[cell >> CELL_STAMP_SHIFT].who);
}

static uint32_t most_used(const struct crowd *c)
{
    return places(c) < CROWD_MAX ? places(c) / 2 : places(c) / 4 * 3;
}

static bool conflicts(uint32_t class, uint32_t cell)
{
    return ((class | cell) & CELL_CLASS) == CELL_CLASS;
}

static uint32_t home(const struct crowd *c, uint32_t slot)
{
    return (uint32_t)((uint64_t)(slot * 0x9e3779b9u) * places(c) >> 32);
}

static uint32_t after(const struct crowd *c, uint32_t at)
{
    return at + 1 < places(c) ? at + 1 : 0;
}

/* False: there is no place. */
static bool put(struct crowd *c, uint32_t slot, uint32_t cell)
{
    uint32_t at = home(c, slot), *to = NULL;
    for (; c->table[at]; at = after(c, at)) {
        uint32_t *there = &c->table[at];
        if (!((*there ^ cell) & ~CELL_BYTES)) {
            *there |= cell;
            return true;
        }
        if (!to && !history_is_cell(*there))
            to = there;
    }
    if (!to) {
        if (c->used >= most_used(c))
            return false;
        c->used++;
        to = &c->table[at];
    }
    *to = cell;
    return true;
}

/* What the slot's actor, and who had the slot before it, have there of what `cell` dominates. */
static void forget(struct crowd *c, uint32_t slot, uint32_t cell)
{
    if (c->class & ~cell & CELL_CLASS)
        return;
    for (uint32_t at = home(c, slot); c->table[at]; at = after(c, at)) {
        uint32_t *there = &c->table[at];
        if (!(*there & cell & CELL_BYTES) || slot_of(*there) != slot)
            continue;
        *there &= ~(cell & CELL_BYTES);
        if (!history_is_cell(*there))
            *there = CELL_TAKEN;
    }
}

size_t crowd_size(const struct access *list, uint32_t n, uint32_t *class)
{
    uint32_t count[CELL_CLASS / CELL_WRITE + 1] = {0}, most = 0;
    for (uint32_t i = 0; i < n; i++)
        count[(history_cell(&list[i]) & CELL_CLASS) / CELL_WRITE]++;
    for (uint32_t k = 0; k < CELL_CLASS / CELL_WRITE; k++) /* plain writes race with each other */
        if (count[k] > count[most])
            most = k;
    *class = most * CELL_WRITE;
    if (n - count[most] > FEW || n > CROWD_MAX)
        return 0;
    const size_t roomy = (BEFORE_TABLE + 3 * (size_t)n) * sizeof(uint32_t), most_bytes = SPILL_CHUNK_UNITS * SPILL_UNIT;
    return roomy < most_bytes ? roomy : most_bytes;
}

void crowd_make(uint32_t block, uint32_t class, const struct access *list, uint32_t n)
{
    struct crowd *c = crowd_at(block);
    const uint32_t words = (uint32_t)(spill_room(block) / sizeof *c->table);
    c->head = words << SPILL_COUNT_SHIFT | SPILL_CROWD;
    c->class = class;
    c->used = 0;
    for (uint32_t i = 0; i < FEW; i++)
        c->few[i] = 0;
    for (uint32_t i = 0; i < places(c); i++)
        c->table[i] = 0;
    for (uint32_t i = 0, few = 0; i < n; i++) {
        const uint32_t cell = history_cell(&list[i]);
        if ((cell & CELL_CLASS) == class)
            put(c, who_slot(list[i].who), cell);
        else
            c->few[few++] = cell;
    }
}

const uint32_t *crowd_places(const struct spill *b, uint32_t *n)
{
    const struct crowd *c = (const struct crowd *)b;
    *n = FEW + places(c);
    return c->few;
}

/* Of v, which has no room: a cell that another one may take the place of, if possible one that is not of now. */
static unsigned victim(const struct actor *a, four_cells v)
{
    const lanes cells = lanes_with(v, CELL_BYTES);
    const unsigned old = lane_bits(cells & ~stamps_current(&a->stamps, v));
    return (unsigned)__builtin_ctz(old ? old : lane_bits(cells));
}

/* cells_meet, but that others' accesses which do not conflict with `cell` are not looked at. */
static bool meet(const struct actor *a, four_cells *v, uint32_t cell)
{
    const lanes common = lanes_with(*v, cell & CELL_BYTES), own = stamps_own(&a->stamps, *v),
                conflict = lanes_full(*v | in_all(cell), CELL_CLASS);
    lanes known = own;
    const unsigned others = lane_bits(common & conflict & ~own);
    if (others && !cells_known(a, *v, others, cell, &known))
        return false;
    const four_cells rest = cells_left(*v, cell, known | own);
    *v = rest & ~(common & lanes_without(rest, CELL_BYTES));
    return true;
}

bool crowd_step(const struct actor *a, union granule *g, uint32_t cell)
{
    const uint32_t block = history_block(g);
    struct crowd *c = crowd_at(block);
    if (!block || spill_room(block) <= SPILL_PLAIN || !crowd_is(spill_at(block)) || conflicts(c->class, cell))
        return false;
    four_cells seen[1 + FEW / CELLS] = {g->four, c->fours[0], c->fours[1], c->fours[2]};
    const unsigned links = block >> 24 ? 2 : 1;
    for (unsigned i = CELLS - links; i < CELLS; i++)
        seen[0][i] = CELL_TAKEN;
    for (unsigned i = 0; i <= FEW / CELLS; i++)
        if (!meet(a, &seen[i], cell))
            return false;

    if (!cells_add(&seen[0], cell)) {
        const unsigned at = victim(a, seen[0]);
        const uint32_t hidden = seen[0][at];
        bool room = history_is_sum(hidden); /* it is of no use there */
        if (!room && (hidden & CELL_CLASS) == c->class)
            room = put(c, slot_of(hidden), hidden);
        for (unsigned i = 1; !room && (hidden & CELL_CLASS) != c->class && i <= FEW / CELLS; i++)
            room = cells_add(&seen[i], hidden);
        if (!room && (hidden & CELL_CLASS) == c->class && most_used(c) >= CROWD_MAX) {
            history_lost();
            room = true;
        }
        if (!room)
            return false;
        seen[0][at] = cell;
    }
    forget(c, who_slot(a->who), cell);
    for (unsigned i = 0; i < FEW / CELLS; i++)
        c->fours[i] = seen[1 + i];
    for (unsigned i = 0; i < CELLS - links; i++)
        g->cell[i] = seen[0][i];
    return true;
}
