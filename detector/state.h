/* Shadow states: the access history of an 8-byte granule as an immutable, interned value.
 *
 * A shadow word is the 32-bit number of a state; equal histories have equal numbers, so a million granules written by
 * one loop cost one state and 4 bytes of shadow each (half a byte a byte), and "does this access change anything" is a
 * comparison of numbers that can be remembered (access.h). State 0 is the empty history.
 *
 * A state of one access is that access itself. A state of several has META_LIST in meta, the index of the first in
 * `stack`, and an owner in `who`: the epoch that accessed last, with the bytes that it covers in meta (but not those on which it
 * raced: every pair is told), so that the fast path can tell without a look at the list that an access repeats one of its own epoch. Lists are ordered: the same
 * accesses and the same owner are the same state however it came about.
 *
 * Histories of many epochs are seldom equal to any other, and change often. Such a granule gets a private state: not
 * interned, named by one shadow word only, and changed in place. Whoever reads or changes its list holds the word by
 * putting STATE_BUSY there meanwhile. Its record (owner and covered bytes) may be read at any time: `meta` first, then
 * `who`; a writer takes `who` away before it changes `meta`.
 *
 * States are found or made without a lock. They are freed only by state_sweep with the world stopped (collect.c), after
 * all shadow words were scanned; between two collections a number, once seen in a shadow word, stays what it is. */
#ifndef GORACE_STATE_H
#define GORACE_STATE_H

#include "epoch.h"
#include "os.h"

#define STATE_MAX ((1u << 28) - 1)
#define STATE_LIST_MAX 4095    /* accesses in one state: 4,095 unordered threads on one granule */
#define STATE_PRIVATE_MAX 64   /* accesses in a private state */
#define STATE_BUSY 1u          /* in a shadow word: the private state that was here is being changed */

extern HIDDEN struct access *states; /* indexed by state number */

static inline bool state_is_private(uint32_t s)
{
    return meta_private(__atomic_load_n(&states[s].meta, __ATOMIC_RELAXED));
}

bool state_start(void);
/* The state with these accesses, which are put in order here; n >= 1; `owner` accessed last and raced on
 * the bytes `raced`. 0 when the table is full. */
uint32_t state_intern(struct access *list, uint32_t n, who_t owner, unsigned raced);
/* A private state with these accesses, 2 <= n <= STATE_PRIVATE_MAX; room for more is left. 0 when the table is full. */
uint32_t state_private(const struct access *list, uint32_t n, who_t owner, unsigned raced);
/* Changes private state s, whose word the caller holds; false when it has not enough room. */
bool state_change(uint32_t s, const struct access *list, uint32_t n, who_t owner, unsigned raced);
/* Whether the accesses are better kept in a private state. */
bool state_prefers_private(const struct access *list, uint32_t n);
/* The accesses of state s; *n may be 0. Valid until the next collection. */
const struct access *state_list(uint32_t s, uint32_t *n);
/* True when so many were made since the last collection that it is worth one. */
bool state_crowded(void);
uint64_t state_made(void);

/* Collection, with the world stopped: begin, mark every state in use, sweep. */
bool state_mark_begin(void);
bool state_mark(uint32_t s); /* true the first time */
void state_sweep(void);

#endif
