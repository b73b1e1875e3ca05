/* See spill.h. `lock` guards chunks and free lists. A free block's first word is the next one. */
#include "spill.h"

#include "shadow.h"

char *spills;

#define CHUNK_UNITS SPILL_CHUNK_UNITS
#define CHUNKS (SPILL_MAX / CHUNK_UNITS)
#define CHUNK_BYTES (CHUNK_UNITS * (size_t)SPILL_UNIT)
#define LINK_LOW (1u << 24)
#define CROWD_LEAST (1u << 17)

uint8_t spill_class[CHUNKS];
static uint32_t nchunks = 1;        /* above those in use */
static uint32_t chunk_free = 1;     /* lowest chunk that may be free again */
static uint32_t block_free[SPILL_CLASSES];
static struct {
    uint32_t at, end;
} cut[SPILL_CLASSES]; /* the chunk that blocks are being cut from */
static struct oslock lock;
static int64_t made_since; /* units, since the last collection */
static int64_t crowd = CROWD_LEAST;
static uint64_t *marks;
static size_t marks_size;

bool spill_start(void)
{
    spills = os_reserve(SPILL_MAX * (size_t)SPILL_UNIT);
    return spills != NULL;
}

static uint32_t *link_of(uint32_t unit)
{
    return &spill_at(unit)->head;
}

static unsigned class_for(size_t size)
{
    unsigned class = 0;
    while ((size_t)SPILL_UNIT << class < size)
        class += 1;
    return class;
}

static unsigned class_of(uint32_t unit)
{
    return spill_class[unit / CHUNK_UNITS] - 1u;
}

/* The link of a granule that is being changed must not be a block's: history.h. */
static bool usable(uint32_t chunk)
{
    return !spill_class[chunk] && chunk % (LINK_LOW / CHUNK_UNITS);
}

/* Caller holds `lock`. */
static bool new_chunk(unsigned class)
{
    while (chunk_free < CHUNKS && !usable(chunk_free))
        chunk_free++;
    if (chunk_free == CHUNKS)
        return false;
    if (nchunks <= chunk_free)
        nchunks = chunk_free + 1;
    spill_class[chunk_free] = (uint8_t)(class + 1);
    cut[class].at = chunk_free * CHUNK_UNITS;
    cut[class].end = cut[class].at + CHUNK_UNITS;
    return true;
}

/* Caller holds `lock`. 0 when full. */
static uint32_t block(unsigned class)
{
    uint32_t b = block_free[class];
    if (b) {
        block_free[class] = *link_of(b);
        return b;
    }
    if (cut[class].at == cut[class].end && !new_chunk(class))
        return 0;
    b = cut[class].at;
    cut[class].at += 1u << class;
    return b;
}

/* Large blocks are taken one by one. Of the small ones the lowest comes first: what is accessed one after the other gets
 * neighbouring blocks. */
uint32_t spill_take(struct spill_stock *stock, size_t size)
{
    const unsigned class = class_for(size);
    const bool small = class < sizeof stock->n / sizeof *stock->n;
    if (class >= SPILL_CLASSES)
        return 0;
    if (small && likely(stock->n[class]))
        return stock->block[class][--stock->n[class]];
    uint32_t got[SPILL_STOCK], n = 0;
    os_lock(&lock);
    while (n < (small ? SPILL_STOCK : 1) && (got[n] = block(class)) != 0)
        n++;
    made_since += (int64_t)n << class;
    if (made_since > crowd)
        __atomic_store_n(&collection_wanted, 1, __ATOMIC_RELAXED);
    os_unlock(&lock);
    for (uint32_t i = n; i-- > 1;)
        stock->block[class][stock->n[class]++] = got[i];
    return n ? got[0] : 0;
}

void spill_put(struct spill_stock *stock, uint32_t unit)
{
    const unsigned class = class_of(unit);
    if (class >= sizeof stock->n / sizeof *stock->n)
        return; /* the next sweep finds it */
    if (unlikely(stock->n[class] == SPILL_STOCK)) {
        os_lock(&lock);
        while (stock->n[class] > SPILL_STOCK / 2) {
            uint32_t b = stock->block[class][--stock->n[class]];
            *link_of(b) = block_free[class];
            block_free[class] = b;
            made_since -= 1u << class;
        }
        os_unlock(&lock);
    }
    stock->block[class][stock->n[class]++] = unit;
}

/* ---- collection ---------------------------------------------------------------------------------------------------- */

bool spill_mark_begin(void)
{
    /* The collection may take blocks of its own. */
    size_t units = ((size_t)nchunks * 2 + 64) * CHUNK_UNITS;
    marks_size = (units < SPILL_MAX ? units : SPILL_MAX) / 8;
    marks = os_reserve(marks_size);
    return marks != NULL;
}

void spill_mark_abandon(void)
{
    os_unmap(marks, marks_size);
}

void spill_mark(uint32_t unit)
{
    marks[unit / 64] |= (uint64_t)1 << (unit & 63);
}

static bool marked(uint32_t unit)
{
    return marks[unit / 64] >> (unit & 63) & 1;
}

/* From the top, so that the free lists are in the order of addresses. */
void spill_sweep(uint64_t afford)
{
    uint32_t live = 0;
    for (unsigned c = 0; c < SPILL_CLASSES; c++)
        block_free[c] = cut[c].at = cut[c].end = 0;
    for (uint32_t c = nchunks; c-- > 1;) {
        if (!spill_class[c])
            continue;
        const unsigned class = spill_class[c] - 1;
        const uint32_t first = c * CHUNK_UNITS, step = 1u << class;
        uint32_t kept = 0;
        for (uint32_t b = first; b < first + CHUNK_UNITS; b += step)
            kept += marked(b);
        if (!kept) {
            spill_class[c] = 0;
            os_drop(spill_at(first), CHUNK_BYTES);
            continue;
        }
        for (uint32_t b = first + CHUNK_UNITS; b > first;) {
            b -= step;
            if (marked(b))
                continue;
            *link_of(b) = block_free[class];
            block_free[class] = b;
        }
        live += kept * step;
    }
    chunk_free = 1;
    os_unmap(marks, marks_size);
    made_since = 0;
    crowd = CROWD_LEAST;
    if (crowd < 2 * (int64_t)live)
        crowd = 2 * (int64_t)live;
    if (crowd < (int64_t)afford)
        crowd = (int64_t)afford;
}
