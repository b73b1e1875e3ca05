/* Shadow states: the access history of an 8-byte granule, as a number in its shadow word.
 *
 * Histories of one or two accesses are interned: equal ones have equal numbers and never change, so a million granules
 * written by one loop cost one state and the shadow words, and what an access does to such a
 * state can be remembered (access.h). State 0 is the empty history.
 *
 * Longer histories are seldom equal to any other, and change often (measured on zstd: hashing them was a third of the
 * run time and saved a tenth of the memory). Such a granule has a private state: named by its shadow word only, and
 * changed in place by whoever holds the word, by having put STATE_BUSY there.
 *
 * A state's number is the index of its record in `states`. A state of one access is that access; a state of several has
 * META_LIST in the record's meta and its accesses in the records behind it. What a private state holds may be read only
 * by the one who holds its word.
 *
 * States are freed only by state_sweep with the world stopped (world.c), after all shadow words were scanned; between
 * two collections a number that was seen in a shadow word stays what it is. */
#ifndef GORACE_STATE_H
#define GORACE_STATE_H

#include "epoch.h"
#include "os.h"

#define STATE_MAX (1u << 28)  /* records */
#define STATE_LIST_MAX 4095   /* accesses in one state: 4,095 unordered threads on one granule */
#define STATE_BUSY 1u         /* in a shadow word: the private state that was here is being changed */

/* Blocks of 1, 4, 8, 16 ... 4096 records. */
#define STATE_CLASSES 13

/* Numbers of free blocks that an actor has in stock, so that most allocations take no lock. Emptied by collections. */
#define STATE_STOCK 32
struct state_stock {
    uint64_t made; /* states put to use */
    uint32_t n[4]; /* classes of 1, 2 (unused), 4 and 8 records */
    uint32_t block[4][STATE_STOCK];
};

extern struct access *states; /* indexed by state number */

static inline bool state_is_private(uint32_t s)
{
    return meta_private(__atomic_load_n(&states[s].meta, __ATOMIC_RELAXED));
}

bool state_start(void);
/* The state for the accesses of `list`, 1 <= n. 0 when the table is full. */
uint32_t state_make(struct state_stock *stock, struct access *list, uint32_t n);
/* Changes private state s, whose word the caller holds, into such a one; false when it has not enough room, or when the
 * history has become short enough to be interned. */
bool state_change(uint32_t s, const struct access *list, uint32_t n);
/* The accesses of state s; *n may be 0. Of a private one, only while its word is held or the world stopped. */
static inline const struct access *state_list(uint32_t s, uint32_t *n)
{
    const struct access *d = &states[s];
    bool list = d->meta & META_LIST;
    *n = list ? meta_count(d->meta) : 1;
    return d + list;
}
/* True when so many were made since the last collection that it is worth one. */
bool state_crowded(void);

/* Collection, with the world stopped: begin, mark every state in use, empty all stocks, sweep. */
bool state_mark_begin(void);
bool state_mark(uint32_t s); /* true the first time; also for states made since the beginning */
/* A number kept with each interned state during a collection; 0 at its beginning. */
uint32_t *state_note(uint32_t s);
void state_sweep(void);

#endif
