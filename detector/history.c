/* See history.h. */
#include "history.h"

#include "crowd.h"

static uint64_t lost; /* atomic */

void history_lost(void)
{
    __atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
}

uint64_t histories_lost(void)
{
    return lost;
}

static struct access expand(uint32_t cell)
{
    const uint32_t number = cell >> CELL_STAMP_SHIFT;
    const struct stamp *s = &stamps[number];
    return (struct access){s->who, s->stack, (s->meta & ~META_MASK) | meta_from_cell(cell), number};
}

static uint32_t count(const struct spill *b)
{
    return b->head >> SPILL_COUNT_SHIFT;
}

static uint32_t count_cells(const uint32_t *cells, uint32_t n)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++)
        found += history_is_cell(cells[i]);
    return found;
}

uint32_t history_length(const union granule *g)
{
    const uint32_t n = count_cells(g->cell, CELLS), block = history_block(g);
    unsigned fours;
    const four_cells *next = history_fours_of(block, &fours);
    if (next)
        return n + count_cells((const uint32_t *)next, fours * CELLS);
    if (!block)
        return n;
    const struct spill *b = spill_at(block);
    if (crowd_is(b)) {
        uint32_t places;
        const uint32_t *cells = crowd_places(b, &places);
        return n + count_cells(cells, places);
    }
    return n + (b->head & SPILL_WIDE ? count(b) : count_cells(b->cell, count(b) - 1));
}

static struct access *list_cells(const uint32_t *cells, uint32_t n, struct access *list)
{
    for (uint32_t i = 0; i < n; i++)
        if (history_is_cell(cells[i]) && !history_is_sum(cells[i]))
            *list++ = expand(cells[i]);
    return list;
}

uint32_t history_list(const union granule *g, struct access *list)
{
    const uint32_t block = history_block(g);
    struct access *end = list_cells(g->cell, CELLS, list);
    unsigned fours;
    const four_cells *next = history_fours_of(block, &fours);
    const struct spill *b = spill_at(block);
    if (next)
        end = list_cells((const uint32_t *)next, fours * CELLS, end);
    else if (block && b->head & SPILL_WIDE)
        for (uint32_t i = 0; i < count(b); i++)
            *end++ = (struct access){b->stamp[i].who, b->stamp[i].stack, b->stamp[i].meta, 0};
    else if (block && crowd_is(b)) {
        uint32_t places;
        const uint32_t *cells = crowd_places(b, &places);
        end = list_cells(cells, places, end);
    } else if (block)
        end = list_cells(b->cell, count(b) - 1, end);
    return (uint32_t)(end - list);
}

unsigned history_fours(const union granule *g, four_cells v[HISTORY_FOURS])
{
    v[0] = g->four;
    v[1] = (four_cells){0};
    if (!granule_spilled(g))
        return 2;
    const uint32_t block = history_block(g);
    v[0][CELLS - 1] = CELL_TAKEN;
    if (block >> 24)
        v[0][CELLS - 2] = CELL_TAKEN;
    unsigned fours;
    const four_cells *next = history_fours_of(block, &fours);
    if (!next)
        return 0;
    for (unsigned i = 0; i < fours; i++)
        v[1 + i] = next[i];
    v[1 + fours] = (four_cells){0};
    return 2 + fours;
}

union granule history_hold_standing(union granule *g)
{
    for (unsigned spins = 1;; spins++) {
        const union granule from = granule_load(g);
        union granule held = from;
        held.cell[CELLS - 1] = LINK_HELD;
        if (likely(!granule_held(&from)) && granule_replace(g, &from, &held))
            return from;
        if (spins % 64 == 0)
            os_yield();
    }
}

static void end_standing(uint32_t cell)
{
    struct stamp *s = &stamps[cell >> CELL_STAMP_SHIFT];
    if (history_is_cell(cell) && s->meta & META_STANDS)
        __atomic_fetch_and(&s->meta, ~META_STANDS,
                           __ATOMIC_ACQ_REL); /* its reader's compare-and-swap was before, or fails */
}

static __attribute__((noinline)) void end_all_standing(const union granule *g, uint32_t block)
{
    struct spill *b = spill_at(block);
    for (uint32_t i = 0; i < CELLS; i++)
        end_standing(g->cell[i]);
    for (uint32_t i = 0; i < SPILL_STANDING_CELLS; i++)
        end_standing(b->cell[i]);
    __atomic_store_n(&b->head, b->head & ~SPILL_STANDS, __ATOMIC_RELAXED);
}

union granule history_hold(union granule *g)
{
    const union granule from = history_hold_standing(g);
    const uint32_t block = history_block(&from);
    if (block && unlikely(history_stands(block)))
        end_all_standing(&from, block);
    return from;
}

/* The block for `size` bytes, `block` itself if that will do; 0: there is none. */
static uint32_t room_for(struct spill_stock *stock, uint32_t block, size_t size)
{
    if (block && (size <= SPILL_PLAIN ? spill_room(block) == size : spill_room(block) >= size))
        return block;
    uint32_t to = spill_take(stock, size);
    if (!to)
        history_lost();
    else if (block)
        spill_put(stock, block);
    return to;
}

static size_t headed(size_t size)
{
    return size > 2 * SPILL_PLAIN ? size : 2 * SPILL_PLAIN;
}

static void put_link(uint32_t block, union granule *out)
{
    if (block >> 24)
        out->cell[CELLS - 2] = block >> 24 << 8;
    out->cell[CELLS - 1] = history_link(block);
}

static void put_cells(const uint32_t *cells, uint32_t n, uint32_t *to, uint32_t room)
{
    for (uint32_t i = 0; i < room; i++)
        to[i] = i < n ? cells[i] : 0;
}

#define PLAIN_MOST (2 + SPILL_PLAIN / SPILL_UNIT * CELLS)

/* What the granule becomes with n cells, no more than PLAIN_MOST; the first ones stay in sight. */
static bool pack_cells(struct spill_stock *stock, uint32_t block, const uint32_t *cells, uint32_t n, union granule *out)
{
    uint32_t shown = n, link = 0;
    if (n > CELLS) {
        /* All but two of them, as the third cell may be needed for the number of the block. */
        const size_t size = n <= 2 + CELLS ? SPILL_UNIT : n <= 2 + 2 * CELLS ? 2 * SPILL_UNIT : SPILL_PLAIN;
        link = room_for(stock, block, size);
        if (!link)
            return false;
        shown = link >> 24 ? CELLS - 2 : CELLS - 1;
        put_cells(cells + shown, n - shown, (uint32_t *)spill_at(link)->four, (uint32_t)(size / sizeof *cells));
    } else if (block) {
        spill_put(stock, block);
    }
    put_cells(cells, shown, out->cell, CELLS);
    if (link)
        put_link(link, out);
    return true;
}

/* Of n accesses, more than PLAIN_MOST, all with stamps; the last ones stay in sight. */
static bool pack_many(struct spill_stock *stock, uint32_t block, const struct access *list, uint32_t n,
                      union granule *out)
{
    uint32_t class;
    const size_t crowd = crowd_size(list, n, &class);
    const uint32_t link = room_for(stock, block, headed(crowd ? crowd : n * sizeof(uint32_t)));
    if (!link)
        return false;
    const uint32_t shown = link >> 24 ? CELLS - 2 : CELLS - 1, words = (uint32_t)(spill_room(link) / sizeof(uint32_t));
    struct spill *b = spill_at(link);
    n -= shown;
    if (crowd) {
        crowd_make(link, class, list, n);
    } else {
        b->head = words << SPILL_COUNT_SHIFT;
        for (uint32_t i = 0; i < words - 1; i++)
            b->cell[i] = i < n ? history_cell(&list[i]) : 0;
    }
    for (uint32_t i = 0; i < CELLS; i++)
        out->cell[i] = i < shown ? history_cell(&list[n + i]) : 0;
    put_link(link, out);
    return true;
}

bool history_put_standing(struct spill_stock *stock, uint32_t block, const uint32_t *cells, uint32_t n,
                          union granule *out)
{
    const uint32_t link = room_for(stock, block, 2 * SPILL_PLAIN);
    if (!link)
        return false;
    const uint32_t shown = link >> 24 ? CELLS - 2 : CELLS - 1, hidden = n > shown ? n - shown : 0;
    struct spill *b = spill_at(link);
    b->head = (uint32_t)(1 + SPILL_STANDING_CELLS) << SPILL_COUNT_SHIFT | SPILL_STANDS;
    for (uint32_t i = 0; i < SPILL_STANDING_CELLS; i++)
        b->cell[i] = i < hidden ? cells[shown + i] : 0;
    put_cells(cells, n < shown ? n : shown, out->cell, CELLS);
    put_link(link, out);
    return true;
}

uint32_t history_take(struct spill_stock *stock, size_t size)
{
    const uint32_t block = spill_take(stock, size);
    if (!(block >> 24))
        return block;
    spill_put(stock, block);
    return 0;
}

four_cells *history_grow(struct spill_stock *stock, union granule *g, unsigned n)
{
    const uint32_t from = history_block(g);
    const uint32_t to = n < SPILL_PLAIN / SPILL_UNIT ? history_take(stock, (size_t)2 * n * SPILL_UNIT) : 0;
    if (!to)
        return NULL;
    four_cells *next = spill_at(to)->four;
    for (unsigned i = 0; i < 2 * n; i++)
        next[i] = i < n ? spill_at(from)->four[i] : (four_cells){0};
    union granule then = *g;
    then.cell[CELLS - 1] = history_link(to);
    granule_put(g, &then);
    spill_put(stock, from);
    return next;
}

#define FEW (CELLS - 1) /* so few that the block is given back; the fourth would soon want one again */

void history_unite(struct spill_stock *stock, union granule *g)
{
    unsigned n = 0, at = 0;
    const four_cells *next = history_next(g, &n);
    four_cells used = lanes_with(g->four, CELL_BYTES); /* negative */
    for (unsigned i = 0; i < n; i++)
        used += lanes_with(next[i], CELL_BYTES);
    if (!next || -(used[0] + used[1] + used[2] + used[3]) > FEW)
        return;
    union granule to = *g;
    to.cell[CELLS - 1] = 0;
    for (unsigned i = 0; i < n * CELLS; i++) {
        const uint32_t cell = next[i / CELLS][i % CELLS];
        if (!history_is_cell(cell))
            continue;
        while (history_is_cell(to.cell[at]))
            at++;
        to.cell[at] = cell;
    }
    spill_put(stock, history_block(g));
    granule_put(g, &to);
}

/* The cells of n fours, those of now first. */
static uint32_t gather(const struct stamp_own *own, const four_cells *v, unsigned n, uint32_t *cells)
{
    uint32_t m = 0;
    for (int now = 1; now >= 0; now--) {
        for (unsigned i = 0; i < n * CELLS; i++) {
            const uint32_t c = v[i / CELLS][i % CELLS];
            if (history_is_cell(c) && stamp_current(own, c) == now)
                cells[m++] = c;
        }
    }
    return m;
}

bool history_put_fours(const struct stamp_own *own, struct spill_stock *stock, const four_cells *v, unsigned n,
                       union granule *g)
{
    const uint32_t block = history_block(g);
    four_cells used = {0}; /* negative */
    for (unsigned i = 0; i < n; i++)
        used += lanes_with(v[i], CELL_BYTES);
    if (!granule_spilled(g) || -(used[0] + used[1] + used[2] + used[3]) <= FEW ||
        lane_bits(lanes_with(v[n - 1], CELL_BYTES))) {
        uint32_t cells[HISTORY_FOURS * CELLS];
        const uint32_t m = gather(own, v, n, cells);
        if (m <= PLAIN_MOST)
            return pack_cells(stock, block, cells, m, g);
        struct access list[HISTORY_FOURS * CELLS], *end = list;
        for (uint32_t i = m; i-- > 0;)
            end = list_cells(&cells[i], 1, end);
        return history_pack(stock, block, list, (uint32_t)(end - list), g);
    }
    for (unsigned i = 0; i < CELLS; i++)
        if (v[0][i] != CELL_TAKEN)
            g->cell[i] = v[0][i];
    for (unsigned i = 1; i + 1 < n; i++)
        spill_at(block)->four[i - 1] = v[i];
    return true;
}

#define WIDE_MAX (SPILL_CHUNK_UNITS - 1)

/* Some have no stamp: all go into the block, in full. */
static bool pack_wide(struct spill_stock *stock, uint32_t block, const struct access *list, uint32_t n,
                      union granule *out)
{
    if (n > WIDE_MAX) {
        history_lost();
        return false;
    }
    uint32_t to = room_for(stock, block, headed(offsetof(struct spill, stamp) + n * sizeof(struct stamp)));
    if (!to)
        return false;
    struct spill *b = spill_at(to);
    b->head = n << SPILL_COUNT_SHIFT | SPILL_WIDE;
    for (uint32_t i = 0; i < n; i++)
        b->stamp[i] = (struct stamp){list[i].who, list[i].stack, list[i].meta};
    *out = (union granule){.half = {0, 0}};
    put_link(to, out);
    return true;
}

bool history_pack(struct spill_stock *stock, uint32_t block, const struct access *list, uint32_t n, union granule *out)
{
    if (n > HISTORY_MAX) {
        history_lost();
        return false;
    }
    bool wide = false;
    for (uint32_t i = 0; i < n; i++)
        wide |= list[i].stamp == 0;
    if (wide)
        return pack_wide(stock, block, list, n, out);
    if (n > PLAIN_MOST)
        return pack_many(stock, block, list, n, out);
    uint32_t cells[PLAIN_MOST] = {0};
    for (uint32_t i = 0; i < n; i++)
        cells[i] = history_cell(&list[n - 1 - i]);
    return pack_cells(stock, block, cells, n, out);
}
