/* Vector clocks as persistent tries: slot -> last known epoch, 0 where nothing is known.
 *
 *  - A clock is a pointer to an immutable-when-shared tree of 16-way nodes; sharing is counted, so a copy (release,
 *    spawn) is O(1) and costs no memory, and 2,000 threads that know the same past share one tree.
 *  - join walks only where the two trees differ (equal pointers are skipped) and returns one of its arguments when that
 *    one dominates, so that knowledge converges to shared nodes.
 *  - No upper limit of actors: the tree grows a level by 16 times as many slots.
 * A node is changed in place only while its owner holds the single reference to it and to all nodes above it.
 * Rejected: dense arrays (2,000 x 2,000 x 8 bytes for threads alone, out of the question for goroutines); tree clocks
 * (Mathur et al., ASPLOS'22) are faster joins of the same size, and do not share memory between actors.
 *
 * Not thread safe by itself: who owns the `struct vclock` guards it. Nodes may be shared by clocks of different owners.
 * On lack of memory a clock loses knowledge of nothing; `vclock_failed` is raised and the detector switches off. */
#ifndef GORACE_VCLOCK_H
#define GORACE_VCLOCK_H

#include "arena.h"

#define VCLOCK_FAN 16

struct vclock_node;
struct vclock {
    struct vclock_node *root; /* NULL: knows nothing */
};

extern bool vclock_failed;

uint64_t vclock_get(const struct vclock *c, uint32_t slot);
void vclock_set(struct vclock *c, uint32_t slot, uint64_t epoch, struct pool *p);
/* c = max(c, other), slot by slot. True when c changed. */
bool vclock_join(struct vclock *c, const struct vclock *other, struct pool *p);
/* c = other, whatever c was. */
void vclock_copy(struct vclock *c, const struct vclock *other, struct pool *p);
void vclock_clear(struct vclock *c, struct pool *p);
/* out[s] = min(out[s], c[s]) for all s < n. */
void vclock_lower(const struct vclock *c, uint64_t *out, uint32_t n);

/* Calls visit for every slot that is not 0. */
void vclock_each(const struct vclock *c, void (*visit)(uint32_t slot, uint64_t epoch, void *ctx), void *ctx);

#define VCLOCK_NODE_SIZE 256 /* arena class of a node */

#endif
