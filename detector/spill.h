/* Spill blocks: what of a granule's history finds no room in its shadow (history.h).
 *
 * A block is named by its granule only, and read and changed only by whoever holds the granule. Blocks of 1, 2, 4 ... 8192
 * units of 16 bytes are cut from chunks of one size. Those that no granule names any more are found by collections. */
#ifndef GORACE_SPILL_H
#define GORACE_SPILL_H

#include "stamp.h"

#define SPILL_MAX (1u << 28) /* units */
#define SPILL_UNIT 16u
#define SPILL_CLASSES 14

/* One, two or four units: as many times four cells, in no order; 0: not used. More begin with a head: WIDE or CROWD (crowd.h), and the
 * number of words that hold cells, itself counted, or of stamps. */
#define SPILL_WIDE 0x100u
#define SPILL_CROWD 0x80u
#define SPILL_STANDS 0x40u /* beside the number of words: some may be of reads that stand (standing.h) */
#define SPILL_COUNT_SHIFT 9
#define SPILL_PLAIN (4 * SPILL_UNIT)
#define SPILL_STANDING_CELLS (2 * SPILL_PLAIN / sizeof(uint32_t) - 1)
struct spill {
    union {
        struct {
            uint32_t head;
            uint32_t cell[15];
        };
        four_cells four[4];
        struct {
            uint32_t wide_head[4];
            struct stamp stamp[1]; /* whole stamps with their bytes, for want of numbers */
        };
    };
};
_Static_assert(sizeof(struct spill) == 4 * SPILL_UNIT && sizeof(four_cells) == SPILL_UNIT, "units");

/* Blocks that an actor has in stock, so that most allocations take no lock. Emptied by collections. */
#define SPILL_STOCK 32
struct spill_stock {
    uint32_t n[3]; /* the classes of 1, 2 and 4 units */
    uint32_t block[3][SPILL_STOCK];
};

extern HIDDEN char *spills; /* by unit */
static inline struct spill *spill_at(uint32_t unit)
{
    return (struct spill *)(spills + (size_t)unit * SPILL_UNIT);
}

/* Of a chunk: log2 of the units in its blocks, plus 1; 0: it is free. */
#define SPILL_CHUNK_UNITS 8192u
extern HIDDEN uint8_t spill_class[SPILL_MAX / SPILL_CHUNK_UNITS];
static inline size_t spill_room(uint32_t unit) /* bytes */
{
    return (size_t)SPILL_UNIT << (spill_class[unit / SPILL_CHUNK_UNITS] - 1u);
}

bool spill_start(void);
/* A block of at least `size` bytes; 0: there is none. The low 24 bits of its number are 4096 or more. */
uint32_t spill_take(struct spill_stock *stock, size_t size);
void spill_put(struct spill_stock *stock, uint32_t unit);

/* Collection, with the world stopped: begin, mark every block in use, sweep. All stocks are void then. */
bool spill_mark_begin(void);
void spill_mark_abandon(void); /* instead of the rest */
void spill_mark(uint32_t unit);
/* afford: units that may be taken before the next collection is due, if they are as many. */
void spill_sweep(uint64_t afford);

#endif
