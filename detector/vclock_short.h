/* Short clocks that nobody shares, changed in place: what the meetings of a few goroutines come to. Inlined where each instruction is
 * paid for by every value that goes through a channel; all else: vclock.h. */
#ifndef GORACE_VCLOCK_SHORT_H
#define GORACE_VCLOCK_SHORT_H

#include "vclock_node.h"

static inline bool vclock_is_short(const struct vclock_node *n)
{
    return n && n->level == 0 && n->shift <= COPIED_SHIFT && vclock_node_sole(n);
}

/* Both are, and equally long. */
static inline bool vclock_are_short(const struct vclock *a, const struct vclock *b)
{
    return vclock_is_short(a->root) && vclock_is_short(b->root) && a->root->shift == b->root->shift;
}

static inline bool vclock_short_has(const struct vclock *c, uint32_t slot)
{
    return slot < vclock_node_length(c->root);
}

/* vclock_meet of two that are short. */
static inline void vclock_even_short(struct vclock *a, struct vclock *b, bool *a_grew, bool *b_grew)
{
    struct vclock_node *x = a->root, *y = b->root;
    if (likely(x->shift == LEAF_SHIFT))
        epochs_even(x->epoch, y->epoch, LEAF, a_grew, b_grew);
    else
        epochs_even(x->epoch, y->epoch, vclock_node_length(x), a_grew, b_grew);
}

#endif
