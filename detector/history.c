/* See history.h. */
#include "history.h"

#include "arena.h"

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
    static const uint32_t kinds[] = {ACCESS_ATOMIC_READ, ACCESS_ATOMIC_WRITE, ACCESS_READ, ACCESS_WRITE};
    uint32_t kind = s->meta & META_KIND ? 0 : kinds[(cell & CELL_CLASS) / CELL_WRITE] << META_KIND_SHIFT;
    return (struct access){s->who, s->stack, s->meta | kind | (cell & CELL_BYTES), number};
}

static uint32_t pack(const struct access *x)
{
    return x->stamp << CELL_STAMP_SHIFT | cell_class(meta_kind(x->meta)) | meta_mask(x->meta);
}

/* Cells before the link. */
static uint32_t inline_cells(const union granule *g)
{
    uint32_t n = 0;
    while (n < CELLS && g->cell[n] & CELL_BYTES)
        n++;
    return n;
}

uint32_t history_block(const union granule *g)
{
    if (!granule_spilled(g))
        return 0;
    uint32_t low = g->cell[CELLS - 1] >> 8, third = g->cell[CELLS - 2];
    return third & CELL_BYTES ? low : low | third >> 8 << 24;
}

uint32_t history_length(const union granule *g)
{
    uint32_t block = history_block(g);
    return inline_cells(g) + (block ? spill_at(block)->n : 0);
}

void history_list(const union granule *g, struct access *list)
{
    uint32_t block = history_block(g);
    if (block) {
        const struct spill *b = spill_at(block);
        for (uint32_t i = 0; i < b->n; i++)
            *list++ =
                b->wide ? (struct access){b->stamp[i].who, b->stamp[i].stack, b->stamp[i].meta, 0} : expand(b->cell[i]);
    }
    for (uint32_t i = inline_cells(g); i-- > 0;)
        *list++ = expand(g->cell[i]);
}

uint32_t history_cells(const union granule *g, uint32_t *cells, uint32_t max)
{
    uint32_t n = inline_cells(g), block = history_block(g);
    for (uint32_t i = 0; i < n; i++)
        cells[i] = g->cell[i];
    if (!block)
        return n;
    const struct spill *b = spill_at(block);
    if (b->wide || n + b->n > max)
        return 0;
    for (uint32_t i = b->n; i-- > 0;)
        cells[n++] = b->cell[i];
    return n;
}

/* The block for `size` bytes, `block` itself if that will do; 0: there is none. */
static uint32_t room_for(struct spill_stock *stock, uint32_t block, size_t size)
{
    if (block && spill_room(block) >= size)
        return block;
    uint32_t to = spill_take(stock, size);
    if (!to)
        history_lost();
    else if (block)
        spill_put(stock, block);
    return to;
}

static void put_link(uint32_t block, union granule *out)
{
    if (block >> 24)
        out->cell[CELLS - 2] = block >> 24 << 8;
    out->cell[CELLS - 1] = block << 8;
}

bool history_pack_cells(struct spill_stock *stock, uint32_t block, const uint32_t *cells, uint32_t n,
                        union granule *out)
{
    uint32_t shown = n;
    if (n > CELLS) {
        uint32_t to = room_for(stock, block, offsetof(struct spill, cell) + n * sizeof *cells);
        if (!to)
            return false;
        shown = to >> 24 ? CELLS - 2 : CELLS - 1;
        struct spill *b = spill_at(to);
        b->n = n - shown;
        b->wide = false;
        for (uint32_t i = 0; i < b->n; i++)
            b->cell[i] = cells[n - 1 - i];
        block = to;
    } else if (block) {
        spill_put(stock, block);
        block = 0;
    }
    *out = (union granule){.half = {0, 0}};
    for (uint32_t i = 0; i < shown; i++)
        out->cell[i] = cells[i];
    if (block)
        put_link(block, out);
    return true;
}

/* Some have no stamp: all go into the block, in full. */
static bool pack_wide(struct spill_stock *stock, uint32_t block, const struct access *list, uint32_t n,
                      union granule *out)
{
    uint32_t to = room_for(stock, block, offsetof(struct spill, stamp) + n * sizeof(struct stamp));
    if (!to)
        return false;
    struct spill *b = spill_at(to);
    b->n = n;
    b->wide = true;
    for (uint32_t i = 0; i < n; i++)
        b->stamp[i] = (struct stamp){list[i].who, list[i].stack, list[i].meta};
    *out = (union granule){.half = {0, 0}};
    put_link(to, out);
    return true;
}

#define SMALL 32

bool history_pack(struct spill_stock *stock, uint32_t block, const struct access *list, uint32_t n, union granule *out)
{
    uint32_t small[SMALL] = {0}, *cells = small;
    bool wide = false;
    for (uint32_t i = 0; i < n; i++)
        wide |= list[i].stamp == 0;
    if (n > HISTORY_MAX || (!wide && n > SMALL && !(cells = arena_alloc(n * sizeof *cells)))) {
        history_lost();
        return false;
    }
    if (wide)
        return pack_wide(stock, block, list, n, out);
    for (uint32_t i = 0; i < n; i++)
        cells[i] = pack(&list[n - 1 - i]);
    bool done = history_pack_cells(stock, block, cells, n, out);
    if (cells != small)
        arena_free(cells, n * sizeof *cells);
    return done;
}
