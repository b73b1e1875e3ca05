/* Vector clocks as persistent tries: slot -> last known epoch, 0 where nothing is known.
 *
 *  - A clock is a pointer to what is immutable when shared; sharing is counted, so a copy (release, spawn) is O(1) and costs
 *    no memory, and 2,000 threads that know the same past share one.
 *  - While all slots that it knows are below 512 it is an array (of 32 bits a slot beyond 32 slots, while epochs are as short), for
 *    nothing is faster to join; then a tree, leaves of 8
 *    epochs below nodes of 4 children. A tree that differs from another in one slot has its own path only: 450 bytes among
 *    a million.
 *  - A clock that is shared and not short is not changed but patched: it becomes a node that says "as that one, but for this
 *    slot". Thirty-two patches are worked into the tree at once. So a version costs 24 bytes, and who starts a thousand goroutines
 *    makes no path for each; the price is that a look-up asks the patches first.
 *  - join of trees walks only where they differ (equal pointers are skipped) and returns one of its arguments when that
 *    one dominates, so that knowledge converges to shared nodes.
 *  - That two subtrees differ and yet one dominates the other is remembered (struct known): a wait group that a million
 *    goroutines leave, each with its own version of what all knew before, would else be compared with all of it each time.
 *  - No upper limit of actors: the tree grows a level by 4 times as many slots.
 * A node is changed in place only while its owner holds the single reference to it and to all nodes above it.
 * Rejected: dense arrays (2,000 x 2,000 x 8 bytes for threads alone, out of the question for goroutines); tree clocks
 * (Mathur et al., ASPLOS'22) are faster joins of the same size, and do not share memory between actors; nodes of 16 (four
 * times the memory of a version).
 *
 * Not thread safe by itself: who owns the `struct vclock` guards it. Nodes may be shared by clocks of different owners.
 * On lack of memory a clock loses knowledge of nothing; `vclock_failed` is raised and the detector switches off. */
#ifndef GORACE_VCLOCK_H
#define GORACE_VCLOCK_H

#include "arena.h"

struct vclock_node;
struct vclock {
    struct vclock_node *root; /* NULL: knows nothing */
};

/* `above` has all that `below` has. Holds a reference to both, so that neither changes or goes. */
struct known {
    struct vclock_node *above, *below;
    bool more; /* and something that `below` has not */
};
/* By level, so that the many pairs of a deep comparison do not push out the dear ones; sets of four, the latest first. */
#define VCLOCK_LEVELS 12
#define VCLOCK_SETS 4
#define VCLOCK_WAYS 4
#define VCLOCK_ARRAYS 7 /* lengths: 8, 16 ... 512 */

/* An owner's private stock of nodes. All zero at first. */
struct vclock_stock {
    struct pool arrays[VCLOCK_ARRAYS], inner, patches;
    struct known known[VCLOCK_LEVELS][VCLOCK_SETS][VCLOCK_WAYS];
};
void vclock_stock_drain(struct vclock_stock *stock);

extern bool vclock_failed;

uint64_t vclock_get(const struct vclock *c, uint32_t slot);
/* epoch: not less than before. */
void vclock_set(struct vclock *c, uint32_t slot, uint64_t epoch, struct vclock_stock *stock);
/* Nothing of the slot is known that came after that epoch. */
void vclock_cut(struct vclock *c, uint32_t slot, uint64_t epoch, struct vclock_stock *stock);
/* c = max(c, other), slot by slot. False when c did not change; now and then true although it did not. `other` says
 * the same afterwards, but maybe in another form: nobody else may look at it meanwhile. */
bool vclock_join(struct vclock *c, const struct vclock *other, struct vclock_stock *stock);
/* Both become the larger of the two, slot by slot; what is said of each as above. */
void vclock_meet(struct vclock *a, struct vclock *b, struct vclock_stock *stock, bool *a_grew, bool *b_grew);
/* c = other, whatever c was. */
void vclock_copy(struct vclock *c, const struct vclock *other, struct vclock_stock *stock);
/* The same, for a copy that is seldom looked at: it shares the memory, also where a copy would be faster for both. */
void vclock_share(struct vclock *c, const struct vclock *other, struct vclock_stock *stock);
/* The same, for one of many that begin with it, each of which is asked and changed then: when so many have it that it is worth a tree
 * `from` has no patches any more. */
void vclock_hand_down(struct vclock *c, struct vclock *from, struct vclock_stock *stock);
/* As vclock_copy, for one that is going to be written again and again: a short one it has for itself. */
void vclock_copy_apart(struct vclock *c, const struct vclock *other, struct vclock_stock *stock);
/* Two that say the same become one, the same one whoever asks, if that is easily seen. */
void vclock_unite(struct vclock *a, struct vclock *b, struct vclock_stock *stock);
void vclock_clear(struct vclock *c, struct vclock_stock *stock);
/* out[s] = min(out[s], c[s]) for all s < n. */
void vclock_lower(const struct vclock *c, uint64_t *out, uint32_t n);

/* Several clocks together, with the world stopped: parts that they share are seen once. vclock_walk_begin begins anew. */
void vclock_walk_begin(void);
/* Calls visit for every slot that is not 0 in a part not seen since; also for what a patch hides. */
void vclock_walk(const struct vclock *c, void (*visit)(uint32_t slot, uint64_t epoch, void *ctx), void *ctx);
/* The smallest of many: as vclock_lower of each that is added, but for parts that were seen; may be lower, for patches
 * are overlooked. Begins a walk. Without memory the end makes all 0. */
struct vclock_floor {
    uint64_t *out;
    uint32_t n;
    uint8_t *zero; /* parts that some clock does not have; NULL: no memory */
};
void vclock_floor_begin(struct vclock_floor *f, uint64_t *out, uint32_t n);
void vclock_floor_add(struct vclock_floor *f, const struct vclock *c);
void vclock_floor_end(struct vclock_floor *f); /* now it is in out */

#endif
