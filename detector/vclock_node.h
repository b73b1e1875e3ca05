/* Nodes of persistent clocks: for vclock*.c, and for who cannot afford a call to look at a short one (order.h). Kinds, by `level`:
 *   0       an array of epochs: 8 below inner nodes, any length up to 512 as a root. Of more than 32 slots by 32 bits each, if all
 *           are less than 2^31, else there is a tree: goroutines that meet read and write both arrays whole, and of 400 with 8
 *           bytes a slot no cache but the last had room for them
 *   1 ...   an inner node of a tree
 *   PATCH   `base`, but for one slot, in which it knows more. Only above other roots, PATCHES of them at most */
#ifndef GORACE_VCLOCK_NODE_H
#define GORACE_VCLOCK_NODE_H

#include "vclock.h"
#include "vclock_epochs.h"

#define LEAF_SHIFT 3
#define LEAF (1u << LEAF_SHIFT)
#define FLAT_SHIFT 9   /* 512: so many slots are still an array */
#define COPIED_SHIFT 5 /* arrays up to here are copied rather than shared or patched, where there is one to copy to */
#define SMALL_MAX ((uint64_t)INT32_MAX)
#define FAN_SHIFT 2
#define FAN (1u << FAN_SHIFT)
#define PATCH 15u
#define LEVELS PATCH
#define PATCHES 32 /* each of them may be asked for a slot */

struct vclock_node {
    uint32_t refs;      /* atomic: clocks, nodes and notes that point here */
    uint32_t level : 4; /* see above */
    uint32_t shift : 4; /* of an array: log2 of its length; LEAF_SHIFT below other nodes */
    uint32_t walk : 24; /* the walk that has seen it last; with the world stopped */
    union {
        uint64_t epoch[LEAF];           /* or more, up to 1 << COPIED_SHIFT */
        uint32_t small[2 * LEAF];       /* of a longer array; SMALL_MAX at most */
        struct vclock_node *child[FAN]; /* NULL: all zero */
        struct {
            uint64_t base : 48;   /* address of the node below: vclock_node_below */
            uint64_t depth : 8;   /* patches from here down */
            uint64_t renewed : 8; /* how often it was made anew, with a later epoch, above the same base */
            uint64_t slot : 24, epoch : 40; /* as in who_t */
        } patch;
    };
};
#define HEAD_SIZE offsetof(struct vclock_node, epoch)

void vclock_node_end(struct vclock_node *n, struct vclock_stock *stock); /* nobody points to it */
/* NULL, and vclock_failed: no memory. Not filled. */
struct vclock_node *vclock_node_allocate(uint32_t level, uint32_t shift, struct vclock_stock *stock);
struct vclock_node *vclock_node_fresh(uint32_t level, struct vclock_stock *stock); /* all 0 */
/* An array of 1 << shift, with what is in `n`, an array that is not longer and fits, or nothing. */
struct vclock_node *vclock_node_array(const struct vclock_node *n, uint32_t shift, struct vclock_stock *stock);
/* A node that the caller may change: `n` itself when it is not shared. Takes over the caller's reference to n. */
struct vclock_node *vclock_node_own(struct vclock_node *n, struct vclock_stock *stock);

/* vclock_join.c: whether array a has more in one of the first n slots, and b. */
void vclock_node_compare(const struct vclock_node *a, const struct vclock_node *b, uint32_t n, bool *a_more,
                         bool *b_more);
/* `to` was made from `from`, which may be gone, by adding to it: what is known of that is known of this from now on. */
void vclock_node_grew(const struct vclock_node *from, struct vclock_node *to, struct vclock_stock *stock);
/* vclock.c: of roots. false: no memory. */
bool vclock_plant(struct vclock *c, struct vclock_stock *stock); /* an array longer than a leaf becomes a tree */
bool vclock_raise(struct vclock *c, uint32_t level, struct vclock_stock *stock); /* a tree, at least `level` high */
bool vclock_flatten(struct vclock *c, struct vclock_stock *stock);               /* without patches */

static inline uint32_t vclock_node_length(const struct vclock_node *n)
{
    return 1u << n->shift;
}

/* Of a tree, in slots. */
static inline uint64_t vclock_node_capacity(uint32_t level)
{
    return (uint64_t)LEAF << (FAN_SHIFT * level);
}

static inline uint64_t vclock_node_reach(const struct vclock_node *n)
{
    return n->level ? vclock_node_capacity(n->level) : vclock_node_length(n);
}

/* An array's epochs. */
static inline bool vclock_node_small(const struct vclock_node *n)
{
    return n->shift > COPIED_SHIFT;
}
static inline uint64_t vclock_node_epoch(const struct vclock_node *n, uint32_t slot)
{
    return vclock_node_small(n) ? n->small[slot] : n->epoch[slot];
}
static inline void vclock_node_put(struct vclock_node *n, uint32_t slot, uint64_t epoch)
{
    if (vclock_node_small(n))
        n->small[slot] = (uint32_t)epoch;
    else
        n->epoch[slot] = epoch;
}
/* They can be in an array of 1 << shift. */
static inline bool vclock_node_fits(const struct vclock_node *n, uint32_t shift)
{
    uint64_t most = 0;
    if (shift > COPIED_SHIFT && !vclock_node_small(n))
        for (uint32_t i = 0; i < vclock_node_length(n); i++)
            most = n->epoch[i] > most ? n->epoch[i] : most;
    return most <= SMALL_MAX;
}

/* vclock_get of an array; else, or when it has not so many slots, 0. */
static inline uint64_t vclock_node_flat(const struct vclock *c, uint32_t slot)
{
    const struct vclock_node *n = c->root;
    return n && n->level == 0 && slot < vclock_node_length(n) ? vclock_node_epoch(n, slot) : 0;
}

static inline bool vclock_node_patched(const struct vclock_node *n)
{
    return n->level == PATCH;
}

/* Of a patch: what it says for all other slots. */
static inline struct vclock_node *vclock_node_below(const struct vclock_node *n)
{
    return (struct vclock_node *)(uintptr_t)n->patch.base;
}

static inline struct vclock_node *vclock_node_base(struct vclock_node *n)
{
    while (vclock_node_patched(n))
        n = vclock_node_below(n);
    return n;
}

/* By the owner of a reference: nobody else can take one from a node that only we point to. */
static inline bool vclock_node_sole(const struct vclock_node *n)
{
    return __atomic_load_n(&n->refs, __ATOMIC_ACQUIRE) == 1;
}

static inline struct vclock_node *vclock_node_ref(struct vclock_node *n)
{
    if (n)
        __atomic_fetch_add(&n->refs, 1, __ATOMIC_RELAXED);
    return n;
}

static inline void vclock_node_unref(struct vclock_node *n, struct vclock_stock *stock)
{
    if (n && (vclock_node_sole(n) || __atomic_sub_fetch(&n->refs, 1, __ATOMIC_ACQ_REL) == 0))
        vclock_node_end(n, stock);
}

#endif
