/* Slots, patches, copies; see vclock.h. */
#include "vclock_node.h"

#define RENEWALS 64

/* level > 0. */
static unsigned digit(uint32_t slot, uint32_t level)
{
    return slot >> (LEAF_SHIFT + FAN_SHIFT * (level - 1)) & (FAN - 1);
}

uint64_t vclock_get(const struct vclock *c, uint32_t slot)
{
    const struct vclock_node *n = c->root;
    if (!n)
        return 0;
    for (; vclock_node_patched(n); n = vclock_node_below(n))
        if (n->patch.slot == slot)
            return n->patch.epoch;
    if (slot >= vclock_node_reach(n))
        return 0;
    if (n->level == 0)
        return vclock_node_epoch(n, slot);
    do {
        n = n->child[digit(slot, n->level)];
        if (!n)
            return 0;
    } while (n->level);
    return n->epoch[slot & (LEAF - 1)];
}

bool vclock_raise(struct vclock *c, uint32_t level, struct vclock_stock *stock)
{
    if (!c->root)
        return (c->root = vclock_node_fresh(level, stock)) != NULL;
    while (c->root->level < level) {
        struct vclock_node *up = vclock_node_fresh(c->root->level + 1, stock);
        if (!up)
            return false;
        up->child[0] = c->root;
        c->root = up;
    }
    return true;
}

static void set_in_tree(struct vclock *c, uint32_t slot, uint64_t epoch, struct vclock_stock *stock)
{
    uint32_t level = 0;
    while (slot >= vclock_node_capacity(level))
        level++;
    if (!vclock_raise(c, level, stock))
        return;
    struct vclock_node **at = &c->root;
    for (;;) {
        struct vclock_node *n = vclock_node_own(*at, stock);
        if (!n)
            return;
        *at = n;
        if (n->level == 0) {
            n->epoch[slot & (LEAF - 1)] = epoch;
            return;
        }
        at = &n->child[digit(slot, n->level)];
        if (!*at && !(*at = vclock_node_fresh(n->level - 1, stock)))
            return;
    }
}

bool vclock_plant(struct vclock *c, struct vclock_stock *stock)
{
    struct vclock_node *from = c->root;
    struct vclock tree = {NULL};
    if (!from || from->level || from->shift == LEAF_SHIFT)
        return true;
    for (uint32_t i = 0; i < vclock_node_length(from); i++)
        if (vclock_node_epoch(from, i))
            set_in_tree(&tree, i, vclock_node_epoch(from, i), stock);
    if (!tree.root && !(tree.root = vclock_node_fresh(0, stock)))
        return false;
    c->root = tree.root;
    vclock_node_unref(from, stock);
    return !vclock_failed;
}

/* What n, an array or nothing, becomes with the epoch set is an array, of 1 << *shift. */
static bool stays_array(const struct vclock_node *n, uint32_t slot, uint64_t epoch, uint32_t *shift)
{
    *shift = n ? n->shift : LEAF_SHIFT;
    if (slot >= 1u << FLAT_SHIFT)
        return false;
    while (slot >= 1u << *shift)
        ++*shift;
    return *shift <= COPIED_SHIFT || (epoch <= SMALL_MAX && (!n || vclock_node_fits(n, *shift)));
}

/* The root has no patches. */
static void set_flat(struct vclock *c, uint32_t slot, uint64_t epoch, struct vclock_stock *stock)
{
    struct vclock_node *n = c->root;
    uint32_t shift;
    if ((n && n->level) || !stays_array(n, slot, epoch, &shift)) {
        if (vclock_plant(c, stock))
            set_in_tree(c, slot, epoch, stock);
        return;
    }
    if (!n || shift > n->shift) {
        n = vclock_node_array(n, shift, stock);
        if (n)
            vclock_node_unref(c->root, stock);
    } else {
        n = vclock_node_own(n, stock);
    }
    if (!n)
        return;
    vclock_node_put(n, slot, epoch);
    c->root = n;
}

/* ---- patches ---- */

bool vclock_flatten(struct vclock *c, struct vclock_stock *stock)
{
    struct {
        uint64_t epoch;
        uint32_t slot;
    } above[PATCHES];
    struct vclock_node *n = c->root;
    unsigned count = 0;
    if (!n || !vclock_node_patched(n))
        return true;
    for (; vclock_node_patched(n); n = vclock_node_below(n)) {
        above[count].epoch = n->patch.epoch;
        above[count++].slot = n->patch.slot;
    }
    vclock_node_ref(n);
    vclock_node_unref(c->root, stock);
    c->root = n;
    while (count-- > 0) /* the latest of a slot is the uppermost */
        set_flat(c, above[count].slot, above[count].epoch, stock);
    return !vclock_failed;
}

/* Takes over the caller's reference to base. */
static struct vclock_node *patch(struct vclock_node *base, uint32_t slot, uint64_t epoch, struct vclock_stock *stock)
{
    struct vclock_node *n = vclock_node_allocate(PATCH, 0, stock);
    if (!n)
        return NULL;
    n->patch.base = (uintptr_t)base;
    n->patch.epoch = epoch;
    n->patch.slot = slot;
    n->patch.depth = vclock_node_patched(base) ? base->patch.depth + 1u : 1;
    n->patch.renewed = 0;
    return n;
}

/* The slot of the uppermost patch. Not for ever above the same base: floors of many clocks are told by bases. */
static bool renew(struct vclock *c, uint64_t epoch, struct vclock_stock *stock)
{
    struct vclock_node *n = c->root;
    if (n->patch.renewed == RENEWALS)
        return false;
    if (!vclock_node_sole(n)) {
        struct vclock_node *m = patch(vclock_node_ref(vclock_node_below(n)), n->patch.slot, epoch, stock);
        if (!m)
            return true;
        m->patch.renewed = n->patch.renewed;
        vclock_node_unref(n, stock);
        c->root = n = m;
    }
    n->patch.epoch = epoch;
    n->patch.renewed++;
    return true;
}

/* By a store. */
static inline bool set_in_place(struct vclock_node *n, uint32_t slot, uint64_t epoch)
{
    if (!n || n->level || slot >= vclock_node_length(n) || !vclock_node_sole(n) ||
        (vclock_node_small(n) && unlikely(epoch > SMALL_MAX)))
        return false;
    vclock_node_put(n, slot, epoch);
    return true;
}

/* Cheaper than a patch; n has none. */
static bool set_at_once(const struct vclock_node *n, uint32_t slot)
{
    if (!n || (n->level == 0 && n->shift <= COPIED_SHIFT && slot < 1u << COPIED_SHIFT))
        return true;
    return vclock_node_sole(n) && slot < vclock_node_reach(n);
}

void vclock_set(struct vclock *c, uint32_t slot, uint64_t epoch, struct vclock_stock *stock)
{
    struct vclock_node *n = c->root;
    if (likely(set_in_place(n, slot, epoch)))
        return;
    const bool patched = n && vclock_node_patched(n);
    if (!patched && set_at_once(n, slot)) {
        set_flat(c, slot, epoch, stock);
        return;
    }
    if (patched && n->patch.slot == slot && renew(c, epoch, stock))
        return;
    if (patched && (n->patch.slot == slot || n->patch.depth == PATCHES)) {
        const struct vclock_node *base = vclock_node_base(n);
        if (vclock_flatten(c, stock))
            set_flat(c, slot, epoch, stock);
        vclock_node_grew(base, c->root, stock);
        return;
    }
    struct vclock_node *m = patch(n, slot, epoch, stock);
    if (m)
        c->root = m;
}

void vclock_cut(struct vclock *c, uint32_t slot, uint64_t epoch, struct vclock_stock *stock)
{
    if (vclock_get(c, slot) > epoch && vclock_flatten(c, stock))
        set_flat(c, slot, epoch, stock);
}

/* ---- whole clocks ---- */

/* to is as long as from, and the caller's alone. */
static void copy_epochs(struct vclock_node *to, const struct vclock_node *from)
{
    for (uint32_t i = 0; i < vclock_node_length(from); i += 2)
        *(two_epochs *)(to->epoch + i) = *(const two_epochs *)(from->epoch + i);
}

/* Short arrays that go to and fro (a clock and what it is released to) would else be counted, counted off and made anew
 * each time. */
static bool to_be_copied(const struct vclock_node *to, const struct vclock_node *from)
{
    return to && from && from->level == 0 && from->shift <= COPIED_SHIFT && to->level == 0 &&
           to->shift == from->shift && to != from && vclock_node_sole(to);
}

void vclock_copy(struct vclock *c, const struct vclock *other, struct vclock_stock *stock)
{
    struct vclock_node *old = c->root;
    if (old == other->root)
        return;
    if (to_be_copied(old, other->root))
        copy_epochs(old, other->root);
    else
        vclock_share(c, other, stock);
}

void vclock_copy_apart(struct vclock *c, const struct vclock *other, struct vclock_stock *stock)
{
    struct vclock_node *old = c->root, *from = other->root;
    if (to_be_copied(old, from)) {
        copy_epochs(old, from);
    } else if (from && from->level == 0 && from->shift <= COPIED_SHIFT) {
        c->root = vclock_node_array(from, from->shift, stock);
        vclock_node_unref(old, stock);
    } else {
        vclock_share(c, other, stock);
    }
}

void vclock_share(struct vclock *c, const struct vclock *other, struct vclock_stock *stock)
{
    struct vclock_node *old = c->root;
    if (old == other->root)
        return;
    c->root = vclock_node_ref(other->root);
    vclock_node_unref(old, stock);
}

void vclock_hand_down(struct vclock *c, struct vclock *from, struct vclock_stock *stock)
{
    const struct vclock_node *n = from->root;
    if (n && vclock_node_patched(n) && __atomic_load_n(&n->refs, __ATOMIC_RELAXED) > PATCHES)
        vclock_flatten(from, stock);
    vclock_share(c, from, stock);
}

void vclock_unite(struct vclock *a, struct vclock *b, struct vclock_stock *stock)
{
    const struct vclock_node *x = a->root, *y = b->root;
    bool x_more, y_more;
    if (!x || !y || x == y || x->level || y->level || x->shift != y->shift)
        return;
    vclock_node_compare(x, y, vclock_node_length(x), &x_more, &y_more);
    if (x_more || y_more)
        return;
    if (x < y)
        vclock_share(b, a, stock);
    else
        vclock_share(a, b, stock);
}

void vclock_clear(struct vclock *c, struct vclock_stock *stock)
{
    vclock_node_unref(c->root, stock);
    c->root = NULL;
}
