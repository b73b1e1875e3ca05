/* Joins of clocks, and what is remembered of them; see vclock.h. */
#include "vclock_node.h"

#define KNOWN_LEVEL 1 /* from here on a comparison is dear enough to be remembered */

/* ---- what is known of pairs ---- */

static bool remembered(uint32_t level)
{
    return level >= KNOWN_LEVEL && level < KNOWN_LEVEL + VCLOCK_LEVELS;
}

static struct known *set_of(struct vclock_stock *stock, const struct vclock_node *above,
                            const struct vclock_node *below)
{
    uint64_t h = ((uintptr_t)above ^ (uintptr_t)below * 3) * 0x9e3779b97f4a7c15u;
    return stock->known[above->level - KNOWN_LEVEL][h >> 62];
}
_Static_assert(VCLOCK_SETS == 4, "set_of");

/* more: only if it is known to have more. What was asked for last is the last to go. */
static bool is_known(struct vclock_stock *stock, const struct vclock_node *above, const struct vclock_node *below,
                     bool more)
{
    struct known *set = set_of(stock, above, below);
    for (unsigned i = 0; i < VCLOCK_WAYS; i++) {
        if (set[i].above != above || set[i].below != below)
            continue;
        const struct known found = set[i];
        for (; i > 0; i--)
            set[i] = set[i - 1];
        set[0] = found;
        return found.more >= more;
    }
    return false;
}

static void note(struct vclock_stock *stock, struct vclock_node *above, struct vclock_node *below, bool more)
{
    struct known *set = set_of(stock, above, below);
    const struct known last = set[VCLOCK_WAYS - 1];
    for (unsigned i = VCLOCK_WAYS - 1; i > 0; i--)
        set[i] = set[i - 1];
    set[0] = (struct known){vclock_node_ref(above), vclock_node_ref(below), more};
    vclock_node_unref(last.above, stock);
    vclock_node_unref(last.below, stock);
}

/* It is no longer known that `above` has all that `below` has. */
static void unnote(struct vclock_stock *stock, struct vclock_node *above, struct vclock_node *below)
{
    struct known *set = set_of(stock, above, below);
    for (unsigned i = 0; i < VCLOCK_WAYS; i++) {
        if (set[i].above != above || set[i].below != below)
            continue;
        for (; i + 1 < VCLOCK_WAYS; i++)
            set[i] = set[i + 1];
        set[i] = (struct known){NULL, NULL, false};
        vclock_node_unref(above, stock);
        vclock_node_unref(below, stock);
        return;
    }
}

void vclock_node_grew(const struct vclock_node *from, struct vclock_node *to, struct vclock_stock *stock)
{
    struct known was[VCLOCK_SETS * VCLOCK_WAYS];
    unsigned n = 0;
    if (from == to || !remembered(to->level))
        return;
    const struct known *all = stock->known[to->level - KNOWN_LEVEL][0];
    for (unsigned i = 0; i < VCLOCK_SETS * VCLOCK_WAYS; i++)
        if (all[i].above == from)
            was[n++] = (struct known){vclock_node_ref(all[i].above), vclock_node_ref(all[i].below), true};
    while (n-- > 0) {
        unnote(stock, was[n].above, was[n].below);
        note(stock, to, was[n].below, true);
        vclock_node_unref(was[n].above, stock);
        vclock_node_unref(was[n].below, stock);
    }
}

/* ---- join: all join b into the tree at *at ---- */

static bool any_beyond(const struct vclock_node *n, uint32_t from)
{
    uint64_t any = 0;
    for (uint32_t i = from; i < vclock_node_length(n); i++)
        any |= vclock_node_epoch(n, i);
    return any != 0;
}

void vclock_node_compare(const struct vclock_node *a, const struct vclock_node *b, uint32_t n, bool *a_more,
                         bool *b_more)
{
    if (vclock_node_small(a) && vclock_node_small(b)) {
        small_compare(a->small, b->small, n, a_more, b_more);
        return;
    }
    if (!vclock_node_small(a) && !vclock_node_small(b)) {
        epochs_compare(a->epoch, b->epoch, n, a_more, b_more);
        return;
    }
    *a_more = *b_more = false;
    for (uint32_t i = 0; i < n; i++) {
        *a_more |= vclock_node_epoch(a, i) > vclock_node_epoch(b, i);
        *b_more |= vclock_node_epoch(b, i) > vclock_node_epoch(a, i);
    }
}

/* The larger of the first n epochs of a and b; `to` may be one of them, and has room for them. */
static void put_larger(struct vclock_node *to, const struct vclock_node *a, const struct vclock_node *b, uint32_t n)
{
    if (vclock_node_small(a) && vclock_node_small(b)) {
        small_larger(to->small, a->small, b->small, n);
    } else if (!vclock_node_small(a) && !vclock_node_small(b) && !vclock_node_small(to)) {
        epochs_larger(to->epoch, a->epoch, b->epoch, n);
    } else {
        for (uint32_t i = 0; i < n; i++) {
            const uint64_t x = vclock_node_epoch(a, i), y = vclock_node_epoch(b, i);
            vclock_node_put(to, i, x > y ? x : y);
        }
    }
}

/* Of two arrays the larger epochs, in an array as long as the longer one, into which both fit. Takes over the caller's reference to a;
 * NULL, and a stays: no memory. */
static struct vclock_node *larger(struct vclock_node *a, const struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *n;
    if (a->shift > b->shift || (a->shift == b->shift && vclock_node_sole(a))) {
        n = vclock_node_own(a, stock);
        if (n)
            put_larger(n, n, b, vclock_node_length(b));
        return n;
    }
    n = vclock_node_allocate(0, b->shift, stock);
    if (!n)
        return NULL;
    put_larger(n, a, b, vclock_node_length(a));
    for (uint32_t i = vclock_node_length(a); i < vclock_node_length(b); i++)
        vclock_node_put(n, i, vclock_node_epoch(b, i));
    vclock_node_unref(a, stock);
    return n;
}

static void replace(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *a = *at;
    *at = vclock_node_ref(b);
    vclock_node_unref(a, stock);
}

static bool join_flat(struct vclock *c, struct vclock_node *b, struct vclock_stock *stock);

static bool join_array(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *a = *at;
    if (unlikely(!vclock_node_fits(a, b->shift) || !vclock_node_fits(b, a->shift))) { /* roots, of different lengths */
        struct vclock c = {a};
        const bool changed = join_flat(&c, b, stock);
        *at = c.root;
        return changed;
    }
    const uint32_t both = vclock_node_length(a) < vclock_node_length(b) ? vclock_node_length(a) : vclock_node_length(b);
    bool a_more, b_more;
    vclock_node_compare(a, b, both, &a_more, &b_more);
    if (!b_more && !any_beyond(b, both)) {
        /* Leaves that two have made of the same patches: what is above them can be one only if they are. */
        if (!a_more && a->shift == LEAF_SHIFT && b->shift == LEAF_SHIFT)
            replace(at, b, stock);
        return false;
    }
    if (!a_more && !any_beyond(a, both)) {
        vclock_node_ref(b);
        vclock_node_unref(a, stock);
        *at = b;
        return true;
    }
    struct vclock_node *n = larger(a, b, stock);
    if (n)
        *at = n;
    return n != NULL;
}

/* The most frequent case: two clocks of few slots, the first one ours alone. */
static inline bool join_leaf(struct vclock_node *a, const struct vclock_node *b)
{
    two_epochs any = {0, 0};
    for (unsigned i = 0; i < LEAF; i += 2) {
        const two_epochs x = *(const two_epochs *)(a->epoch + i), y = *(const two_epochs *)(b->epoch + i);
        const two_epochs change = (x ^ y) & epochs_less(x, y);
        any |= change;
        *(two_epochs *)(a->epoch + i) = x ^ change;
    }
    return epochs_any(any);
}

static bool join(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock);

/* The tree at *at is higher: b covers the first slots only, and belongs under child 0, below as many levels as are missing. */
static bool join_low(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *n = vclock_node_own(*at, stock);
    if (!n)
        return false;
    *at = n;
    if (!n->child[0] && n->level - 1 > b->level && !(n->child[0] = vclock_node_fresh(n->level - 1, stock)))
        return false;
    return join(&n->child[0], b, stock);
}

/* a is the caller's alone. */
static bool join_in_place(struct vclock_node *a, struct vclock_node *b, struct vclock_stock *stock)
{
    bool changed = false;
    for (unsigned i = 0; i < FAN; i++)
        if (b->child[i] && a->child[i] != b->child[i])
            changed |= join(&a->child[i], b->child[i], stock);
    return changed;
}

/* a is shared: it is copied only when one of its children is another one afterwards. */
static bool join_shared(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *a = *at, *n = NULL;
    for (unsigned i = 0; i < FAN; i++) {
        if (!b->child[i] || a->child[i] == b->child[i])
            continue;
        struct vclock_node *child = vclock_node_ref(a->child[i]);
        if (!join(&child, b->child[i], stock)) {
            vclock_node_unref(child, stock);
            continue;
        }
        if (!n && !(n = vclock_node_own(vclock_node_ref(a), stock))) {
            vclock_node_unref(child, stock);
            return false;
        }
        vclock_node_unref(n->child[i], stock);
        n->child[i] = child;
    }
    if (n) {
        vclock_node_unref(a, stock);
        *at = n;
    }
    return n != NULL;
}

static bool same_children(const struct vclock_node *a, const struct vclock_node *b)
{
    for (unsigned i = 0; i < FAN; i++)
        if (a->child[i] != b->child[i])
            return false;
    return true;
}

/* *at is as high as b. */
static bool join_children(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *before = *at;
    const bool notes = remembered(b->level);
    if (vclock_node_sole(before)) {
        const bool changed = join_in_place(before, b, stock);
        if (same_children(before, b))
            replace(at, b, stock);
        else if (!changed && notes)
            note(stock, before, b, false);
        return changed;
    }
    vclock_node_ref(before);
    const bool changed = join_shared(at, b, stock);
    if (changed && same_children(*at, b)) {
        replace(at, b, stock);
        if (notes)
            note(stock, b, before, true);
    } else if (!changed && notes) {
        note(stock, before, b, false);
    }
    vclock_node_unref(before, stock);
    return changed;
}

/* *at is as high as b or higher. */
static bool join(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *a = *at;
    if (!b || a == b)
        return false;
    if (!a) {
        *at = vclock_node_ref(b);
        return true;
    }
    if (a->level > b->level)
        return join_low(at, b, stock);
    if (a->level == 0)
        return join_array(at, b, stock);
    if (remembered(a->level)) {
        if (is_known(stock, a, b, false))
            return false;
        if (is_known(stock, b, a, true)) {
            replace(at, b, stock);
            return true;
        }
    }
    return join_children(at, b, stock);
}

/* Of different heights, without patches. */
static bool join_flat(struct vclock *c, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock tree = {vclock_node_ref(b)};
    bool changed = false;
    if (vclock_plant(c, stock) && vclock_plant(&tree, stock) &&
        (c->root->level >= tree.root->level || vclock_raise(c, tree.root->level, stock)))
        changed = join(&c->root, tree.root, stock);
    vclock_node_unref(tree.root, stock);
    return changed;
}

/* ---- with patches ---- */

static unsigned depth(const struct vclock_node *n)
{
    return vclock_node_patched(n) ? n->patch.depth : 0;
}

/* Where the patches of x and y begin to be the same ones: who was started by whom, or has met him, has a patch or two of his own above
 * many that both have. Their base at the latest, if that is the same. */
static const struct vclock_node *in_common(const struct vclock_node *x, const struct vclock_node *y)
{
    while (depth(x) > depth(y))
        x = vclock_node_below(x);
    while (depth(y) > depth(x))
        y = vclock_node_below(y);
    while (x != y && vclock_node_patched(x)) {
        x = vclock_node_below(x);
        y = vclock_node_below(y);
    }
    return x;
}

/* How many of the patches of `from`, down to `end`, c does not know; of more than `enough` it may be one more. */
static unsigned news(const struct vclock *c, const struct vclock_node *from, const struct vclock_node *end,
                     unsigned enough)
{
    unsigned n = 0;
    for (; from != end && vclock_node_patched(from) && n <= enough; from = vclock_node_below(from))
        n += vclock_get(c, from->patch.slot) < from->patch.epoch;
    return n;
}

static bool add_news_above(struct vclock *c, const struct vclock_node *from, const struct vclock_node *end,
                           struct vclock_stock *stock)
{
    bool any = false;
    for (; from != end && vclock_node_patched(from); from = vclock_node_below(from))
        if (vclock_get(c, from->patch.slot) < from->patch.epoch) {
            vclock_set(c, from->patch.slot, from->patch.epoch, stock);
            any = true;
        }
    return any;
}
static bool add_news(struct vclock *c, const struct vclock_node *from, struct vclock_stock *stock)
{
    return add_news_above(c, from, NULL, stock);
}

/* c becomes what `next` is, whose reference it takes over. */
static void become(struct vclock *c, struct vclock next, struct vclock_stock *stock)
{
    struct vclock_node *before = c->root;
    c->root = next.root;
    vclock_node_unref(before, stock);
}

/* The same base: the one with more news takes those of the other. */
static bool join_patches(struct vclock *c, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock next = {b};
    const struct vclock_node *both = in_common(c->root, b);
    if (both == b)
        return false;
    if (both == c->root) { /* a patch says more than what is below it */
        become(c, (struct vclock){vclock_node_ref(b)}, stock);
        return true;
    }
    const unsigned theirs = news(c, b, both, PATCHES);
    if (theirs == 0)
        return false;
    if (news(&next, c->root, both, theirs) > theirs)
        return add_news_above(c, b, both, stock);
    vclock_node_ref(b);
    add_news_above(&next, c->root, both, stock);
    become(c, next, stock);
    return true;
}

/* A patch above `base` is of a slot in which `other` knows more than it. */
static bool hides(const struct vclock_node *patches, struct vclock_node *base, struct vclock_node *other)
{
    const struct vclock below = {base}, beside = {other};
    for (; vclock_node_patched(patches); patches = vclock_node_below(patches))
        if (vclock_get(&beside, patches->patch.slot) > vclock_get(&below, patches->patch.slot))
            return true;
    return false;
}

/* Two bases of the same height. When neither has all that the other has, but only because of what its patches hide, they
 * are worked into it: once, and then it is one base for all who come. */
static bool join_bases(struct vclock *c, struct vclock *other, struct vclock_stock *stock)
{
    struct vclock_node *mine = vclock_node_base(c->root), *theirs = vclock_node_base(other->root);
    struct vclock next = {vclock_node_ref(mine)};
    if (!join(&next.root, theirs, stock)) {
        vclock_clear(&next, stock);
        return add_news(c, other->root, stock);
    }
    if (next.root == theirs) {
        become(&next, (struct vclock){vclock_node_ref(other->root)}, stock);
        add_news(&next, c->root, stock);
        become(c, next, stock);
        return true;
    }
    const bool their_patches = hides(other->root, theirs, mine), my_patches = hides(c->root, mine, theirs);
    if (their_patches || my_patches) {
        vclock_clear(&next, stock);
        if ((their_patches && !vclock_flatten(other, stock)) || (my_patches && !vclock_flatten(c, stock)))
            return false;
        return vclock_join(c, other, stock);
    }
    add_news(&next, other->root, stock);
    add_news(&next, c->root, stock);
    become(c, next, stock);
    return true;
}

/* A clock that knows so few that they are as good as patches. */
static bool is_short(const struct vclock_node *base)
{
    return base->level == 0 && base->shift <= COPIED_SHIFT;
}

static bool add_short(struct vclock *c, const struct vclock_node *from, const struct vclock_node *base,
                      struct vclock_stock *stock)
{
    bool any = add_news(c, from, stock);
    for (uint32_t i = 0; i < vclock_node_length(base); i++)
        if (vclock_get(c, i) < base->epoch[i]) {
            vclock_set(c, i, base->epoch[i], stock);
            any = true;
        }
    return any;
}

/* The tree `b`, which is higher than `a`, has all that a has. That is remembered, so that it is seen at once of all who have a. */
static bool includes(struct vclock_node *b, struct vclock_node *a, struct vclock_stock *stock)
{
    while (b && b->level > a->level)
        b = b->child[0];
    if (!b)
        return false;
    struct vclock both = {vclock_node_ref(a)};
    join(&both.root, b, stock);
    const bool all = both.root == b;
    vclock_clear(&both, stock);
    return all;
}

/* Of different heights. */
static bool join_uneven(struct vclock *c, struct vclock *other, struct vclock_stock *stock)
{
    struct vclock_node *mine = vclock_node_base(c->root), *theirs = vclock_node_base(other->root);
    if (is_short(theirs))
        return add_short(c, other->root, theirs, stock);
    const bool below = !is_short(mine) && mine->level && mine->level < theirs->level && includes(theirs, mine, stock);
    if (!is_short(mine) && !below)
        return vclock_flatten(c, stock) && vclock_flatten(other, stock) && join_flat(c, other->root, stock);
    struct vclock next = {vclock_node_ref(other->root)};
    if (below)
        add_news(&next, c->root, stock);
    else
        add_short(&next, c->root, mine, stock);
    become(c, next, stock);
    return true;
}

/* c, which has no patches, has all that the base of `other` has. That is known as well of what it becomes; but not meanwhile, for what
 * is noted is shared, and would have to be copied. So of those that come with the same base, and something of their own above it, each
 * is put into a tree in place. */
static bool add_above(struct vclock *c, const struct vclock *other, struct vclock_stock *stock)
{
    struct vclock_node *theirs = vclock_node_base(other->root), *mine;
    const bool notes = remembered(theirs->level);
    if (notes)
        unnote(stock, c->root, theirs);
    const bool any = add_news(c, other->root, stock);
    mine = vclock_node_base(c->root);
    if (notes && mine->level == theirs->level)
        note(stock, mine, theirs, false);
    return any;
}

static bool join_patched(struct vclock *c, struct vclock *other, struct vclock_stock *stock)
{
    struct vclock_node *mine = vclock_node_base(c->root), *theirs = vclock_node_base(other->root);
    if (mine == theirs)
        return join_patches(c, other->root, stock);
    if (mine->level != theirs->level)
        return join_uneven(c, other, stock);
    if (!vclock_node_patched(c->root) && remembered(mine->level) && is_known(stock, mine, theirs, false))
        return add_above(c, other, stock);
    if (vclock_node_patched(c->root) || !vclock_node_sole(mine))
        return join_bases(c, other, stock);
    const bool changed = join(&c->root, theirs, stock);
    if (c->root == theirs) {
        become(c, (struct vclock){vclock_node_ref(other->root)}, stock);
        return true;
    }
    return (c->root->level == theirs->level ? add_above(c, other, stock) : add_news(c, other->root, stock)) || changed;
}

bool vclock_join(struct vclock *c, const struct vclock *other, struct vclock_stock *stock)
{
    struct vclock_node *a = c->root, *b = other->root;
    if (!b || a == b)
        return false;
    if (!a) {
        c->root = vclock_node_ref(b);
        return true;
    }
    if (a->level == 0 && b->level == 0 && a->shift == LEAF_SHIFT && b->shift == LEAF_SHIFT && vclock_node_sole(a))
        return join_leaf(a, b);
    if (a->level == b->level && !vclock_node_patched(a))
        return join(&c->root, b, stock);
    return join_patched(c, (struct vclock *)other, stock); /* constant in what it says */
}
