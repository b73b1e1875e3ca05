/* Two clocks that become equal: of goroutines that meet, of an actor and what it hands on; see vclock.h.
 *
 * Where both are arrays each keeps one of its own, which the next meeting changes in place: goroutines in a row (a pipeline)
 * would else share a clock with one neighbour, and make another one for the other, at each value that goes through. There are at
 * most as many such arrays as slots below 512: who has another slot has a tree. */
#include "vclock_node.h"

/* Whether it is an array when its patches are worked in; raises *shift to its length. */
static bool flat(const struct vclock_node *n, uint32_t *shift)
{
    uint32_t slot = 0;
    uint64_t epoch = 0;
    for (; n && vclock_node_patched(n); n = vclock_node_below(n)) {
        slot = n->patch.slot > slot ? n->patch.slot : slot;
        epoch = n->patch.epoch > epoch ? n->patch.epoch : epoch;
    }
    if (!n || n->level || slot >= 1u << FLAT_SHIFT || epoch > SMALL_MAX)
        return false;
    *shift = n->shift > *shift ? n->shift : *shift;
    while (slot >= 1u << *shift)
        ++*shift;
    return true;
}

/* An array of that length, which nobody shares. False: no memory, or it does not fit. */
static bool make_own(struct vclock *c, uint32_t shift, struct vclock_stock *stock)
{
    if (!vclock_flatten(c, stock))
        return false;
    struct vclock_node *n = c->root;
    if (unlikely(n->level || !vclock_node_fits(n, shift)))
        return false;
    if (n->shift == shift && vclock_node_sole(n))
        return true;
    c->root = vclock_node_array(n, shift, stock);
    if (!c->root) {
        c->root = n;
        return false;
    }
    vclock_node_unref(n, stock);
    return true;
}

void vclock_meet(struct vclock *a, struct vclock *b, struct vclock_stock *stock, bool *a_grew, bool *b_grew)
{
    uint32_t shift = LEAF_SHIFT;
    if (a->root == b->root) {
        *a_grew = *b_grew = false;
        return;
    }
    if (flat(a->root, &shift) && flat(b->root, &shift) && make_own(a, shift, stock) && make_own(b, shift, stock)) {
        if (vclock_node_small(a->root))
            small_even(a->root->small, b->root->small, 1u << shift, a_grew, b_grew);
        else
            epochs_even(a->root->epoch, b->root->epoch, 1u << shift, a_grew, b_grew);
        return;
    }
    *a_grew = vclock_join(a, b, stock);
    *b_grew = a->root != b->root;
    if (*b_grew)
        vclock_copy(b, a, stock);
}
