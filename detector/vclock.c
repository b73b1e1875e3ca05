/* Persistent tries of epochs; see vclock.h. */
#include "vclock.h"

#define LEAF_SHIFT 3
#define LEAF (1u << LEAF_SHIFT)
#define FAN_SHIFT 2
#define FAN (1u << FAN_SHIFT)
#define LEVELS 16
#define KNOWN_LEVEL 2 /* from here on a comparison is dear enough to be remembered */

struct vclock_node {
    uint32_t refs;      /* atomic: clocks, nodes and notes that point here */
    uint32_t level : 8; /* 0: a leaf of epochs */
    uint32_t walk : 24; /* the walk that has seen it last; with the world stopped */
    union {
        uint64_t epoch[LEAF];
        struct vclock_node *child[FAN]; /* NULL: all zero */
    };
};
#define LEAF_SIZE sizeof(struct vclock_node)
#define INNER_SIZE (offsetof(struct vclock_node, child) + FAN * sizeof(struct vclock_node *))

bool vclock_failed;

static size_t size_of(uint32_t level)
{
    return level ? INNER_SIZE : LEAF_SIZE;
}

static struct pool *pool_of(struct vclock_stock *stock, uint32_t level)
{
    return level ? &stock->inner : &stock->leaves;
}

static struct vclock_node *ref(struct vclock_node *n)
{
    if (n)
        __atomic_fetch_add(&n->refs, 1, __ATOMIC_RELAXED);
    return n;
}

static void unref(struct vclock_node *n, struct vclock_stock *stock)
{
    if (!n)
        return;
    /* Sole owner: nobody else can take a reference from a node that only we point to. */
    if (__atomic_load_n(&n->refs, __ATOMIC_ACQUIRE) != 1 && __atomic_sub_fetch(&n->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    const uint32_t level = n->level;
    for (unsigned i = 0; level && i < FAN; i++)
        unref(n->child[i], stock);
    pool_put(pool_of(stock, level), n, size_of(level));
}

static struct vclock_node *allocate(uint32_t level, struct vclock_stock *stock)
{
    struct vclock_node *n = pool_get(pool_of(stock, level), size_of(level));
    if (!n) {
        vclock_failed = true;
        return NULL;
    }
    n->refs = 1;
    n->level = level & 0xff;
    n->walk = 0;
    return n;
}

static struct vclock_node *fresh(uint32_t level, struct vclock_stock *stock)
{
    struct vclock_node *n = allocate(level, stock);
    for (unsigned i = 0; n && i < (level ? FAN : LEAF); i++)
        n->epoch[i] = 0;
    return n;
}

/* A node that the caller may change: `n` itself when it is not shared. Takes over the caller's reference to n. */
static struct vclock_node *own(struct vclock_node *n, struct vclock_stock *stock)
{
    if (__atomic_load_n(&n->refs, __ATOMIC_ACQUIRE) == 1)
        return n;
    struct vclock_node *m = allocate(n->level, stock);
    if (!m)
        return NULL;
    if (n->level) {
        for (unsigned i = 0; i < FAN; i++)
            m->child[i] = ref(n->child[i]);
    } else {
        for (unsigned i = 0; i < LEAF; i++)
            m->epoch[i] = n->epoch[i];
    }
    unref(n, stock);
    return m;
}

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

static bool is_known(struct vclock_stock *stock, const struct vclock_node *above, const struct vclock_node *below)
{
    const struct known *set = set_of(stock, above, below);
    for (unsigned i = 0; i < VCLOCK_WAYS; i++)
        if (set[i].above == above && set[i].below == below)
            return true;
    return false;
}

static void note(struct vclock_stock *stock, struct vclock_node *above, struct vclock_node *below)
{
    struct known *set = set_of(stock, above, below);
    const struct known last = set[VCLOCK_WAYS - 1];
    for (unsigned i = VCLOCK_WAYS - 1; i > 0; i--)
        set[i] = set[i - 1];
    set[0] = (struct known){ref(above), ref(below)};
    unref(last.above, stock);
    unref(last.below, stock);
}

void vclock_stock_drain(struct vclock_stock *stock)
{
    struct known *all = &stock->known[0][0][0];
    for (unsigned i = 0; i < VCLOCK_LEVELS * VCLOCK_SETS * VCLOCK_WAYS; i++) {
        unref(all[i].above, stock);
        unref(all[i].below, stock);
        all[i] = (struct known){NULL, NULL};
    }
    pool_drain(&stock->leaves, LEAF_SIZE);
    pool_drain(&stock->inner, INNER_SIZE);
}

/* ---- slots ---- */

static uint64_t capacity(uint32_t level)
{
    return (uint64_t)LEAF << (FAN_SHIFT * level);
}

/* level > 0. */
static unsigned digit(uint32_t slot, uint32_t level)
{
    return slot >> (LEAF_SHIFT + FAN_SHIFT * (level - 1)) & (FAN - 1);
}

uint64_t vclock_get(const struct vclock *c, uint32_t slot)
{
    const struct vclock_node *n = c->root;
    if (!n || slot >= capacity(n->level))
        return 0;
    while (n->level) {
        n = n->child[digit(slot, n->level)];
        if (!n)
            return 0;
    }
    return n->epoch[slot & (LEAF - 1)];
}

/* Makes the tree at least `level` high. */
static bool raise(struct vclock *c, uint32_t level, struct vclock_stock *stock)
{
    if (!c->root)
        return (c->root = fresh(level, stock)) != NULL;
    while (c->root->level < level) {
        struct vclock_node *up = fresh(c->root->level + 1, stock);
        if (!up)
            return false;
        up->child[0] = c->root;
        c->root = up;
    }
    return true;
}

void vclock_set(struct vclock *c, uint32_t slot, uint64_t epoch, struct vclock_stock *stock)
{
    uint32_t level = 0;
    while (slot >= capacity(level))
        level++;
    if (!raise(c, level, stock))
        return;
    struct vclock_node **at = &c->root;
    for (;;) {
        struct vclock_node *n = own(*at, stock);
        if (!n)
            return;
        *at = n;
        if (n->level == 0) {
            n->epoch[slot & (LEAF - 1)] = epoch;
            return;
        }
        at = &n->child[digit(slot, n->level)];
        if (!*at && !(*at = fresh(n->level - 1, stock)))
            return;
    }
}

/* ---- join: all join b into the tree at *at ---- */

static bool join_leaf(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *a = *at;
    bool a_le_b = true, b_le_a = true;
    for (unsigned i = 0; i < LEAF; i++) {
        a_le_b &= a->epoch[i] <= b->epoch[i];
        b_le_a &= b->epoch[i] <= a->epoch[i];
    }
    if (b_le_a)
        return false;
    if (a_le_b) {
        ref(b);
        unref(a, stock);
        *at = b;
        return true;
    }
    struct vclock_node *n = own(a, stock);
    if (!n)
        return false;
    for (unsigned i = 0; i < LEAF; i++)
        if (n->epoch[i] < b->epoch[i])
            n->epoch[i] = b->epoch[i];
    *at = n;
    return true;
}

static bool join(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock);

/* The tree at *at is higher: b covers the first slots only, and belongs under child 0, below as many levels as are missing. */
static bool join_low(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *n = own(*at, stock);
    if (!n)
        return false;
    *at = n;
    if (!n->child[0] && n->level - 1 > b->level && !(n->child[0] = fresh(n->level - 1, stock)))
        return false;
    return join(&n->child[0], b, stock);
}

/* *at is as high as b. */
static bool join_children(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *a = *at, *child[FAN];
    bool changed = false, all_of_b = true;
    /* On the side, so that a node is copied only when one of its children is another one afterwards. */
    for (unsigned i = 0; i < FAN; i++) {
        child[i] = ref(a->child[i]);
        if (b->child[i] && child[i] != b->child[i])
            changed |= join(&child[i], b->child[i], stock);
        all_of_b &= child[i] == b->child[i];
    }
    if (all_of_b && changed) {
        ref(b);
        unref(a, stock);
        *at = b;
    } else if (changed) {
        struct vclock_node *n = own(a, stock);
        if (n)
            *at = n;
        for (unsigned i = 0; n && i < FAN; i++) {
            struct vclock_node *old = n->child[i];
            n->child[i] = ref(child[i]);
            unref(old, stock);
        }
    } else if (remembered(a->level)) {
        note(stock, a, b);
    }
    for (unsigned i = 0; i < FAN; i++)
        unref(child[i], stock);
    return changed;
}

/* *at is as high as b or higher. */
static bool join(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *a = *at;
    if (!b || a == b)
        return false;
    if (!a) {
        *at = ref(b);
        return true;
    }
    if (a->level > b->level)
        return join_low(at, b, stock);
    if (a->level == 0)
        return join_leaf(at, b, stock);
    if (remembered(a->level) && is_known(stock, a, b))
        return false;
    return join_children(at, b, stock);
}

bool vclock_join(struct vclock *c, const struct vclock *other, struct vclock_stock *stock)
{
    if (!other->root || c->root == other->root)
        return false;
    if (c->root && c->root->level < other->root->level && !raise(c, other->root->level, stock))
        return false;
    return join(&c->root, other->root, stock);
}

void vclock_copy(struct vclock *c, const struct vclock *other, struct vclock_stock *stock)
{
    struct vclock_node *old = c->root;
    c->root = ref(other->root);
    unref(old, stock);
}

void vclock_clear(struct vclock *c, struct vclock_stock *stock)
{
    unref(c->root, stock);
    c->root = NULL;
}

/* ---- walks ---- */

static void lower(const struct vclock_node *n, uint32_t level, uint64_t first, uint64_t *out, uint32_t count)
{
    uint64_t step = n && n->level ? capacity(n->level - 1) : 1;
    if (!n) {
        for (uint64_t s = first; s < first + capacity(level) && s < count; s++)
            out[s] = 0;
        return;
    }
    for (unsigned i = 0; i < (n->level ? FAN : LEAF) && first + i * step < count; i++) {
        if (n->level)
            lower(n->child[i], n->level - 1, first + i * step, out, count);
        else if (out[first + i] > n->epoch[i])
            out[first + i] = n->epoch[i];
    }
}

void vclock_lower(const struct vclock *c, uint64_t *out, uint32_t n)
{
    uint64_t known = c->root ? capacity(c->root->level) : 0;
    if (c->root)
        lower(c->root, c->root->level, 0, out, n);
    for (uint64_t s = known; s < n; s++)
        out[s] = 0;
}

static uint32_t walk; /* 24 bits, never 0 */

void vclock_walk_begin(void)
{
    if (++walk == 1u << 24)
        walk = 1;
}

/* False: it was seen. */
static bool first_time(struct vclock_node *n)
{
    if (n->walk == walk)
        return false;
    n->walk = walk & 0xffffff;
    return true;
}

static void each(struct vclock_node *n, uint32_t first, void (*visit)(uint32_t, uint64_t, void *), void *ctx)
{
    if (!first_time(n))
        return;
    if (n->level == 0) {
        for (uint32_t i = 0; i < LEAF; i++)
            if (n->epoch[i])
                visit(first + i, n->epoch[i], ctx);
        return;
    }
    for (uint32_t i = 0; i < FAN; i++)
        if (n->child[i])
            each(n->child[i], first + i * (uint32_t)capacity(n->level - 1), visit, ctx);
}

void vclock_walk(const struct vclock *c, void (*visit)(uint32_t slot, uint64_t epoch, void *ctx), void *ctx)
{
    if (c->root)
        each(c->root, 0, visit, ctx);
}

/* Parts of a level, LEVELS of them one after the other: one byte for each subtree that a clock of n slots may lack. */
static size_t zeros_before(uint32_t level, uint32_t n)
{
    size_t sum = 0;
    for (uint32_t l = 0; l < level; l++)
        sum += n / capacity(l) + 1;
    return sum;
}

size_t vclock_zeros(uint32_t n)
{
    return zeros_before(LEVELS, n);
}

static void lower_seen(struct vclock_node *n, uint64_t first, uint64_t *out, uint32_t count, uint8_t *zero)
{
    if (!first_time(n))
        return;
    if (n->level == 0) {
        for (uint32_t i = 0; i < LEAF && first + i < count; i++)
            if (out[first + i] > n->epoch[i])
                out[first + i] = n->epoch[i];
        return;
    }
    const uint64_t step = capacity(n->level - 1);
    for (uint32_t i = 0; i < FAN && first + i * step < count; i++) {
        if (n->child[i])
            lower_seen(n->child[i], first + i * step, out, count, zero);
        else
            zero[zeros_before(n->level - 1, count) + (first + i * step) / step] = 1;
    }
}

void vclock_lower_many(const struct vclock *c, uint64_t *out, uint32_t n, uint8_t *zero)
{
    uint32_t level = 0;
    if (c->root) {
        level = c->root->level;
        lower_seen(c->root, 0, out, n, zero);
    } else if (n > 0) {
        zero[zeros_before(0, n)] = 1;
    }
    /* What is behind the tree: the second part and the others of its level, of the next one, and so on. */
    for (; level < LEVELS && capacity(level) < n; level++)
        for (uint64_t i = 1; i < FAN && i * capacity(level) < n; i++)
            zero[zeros_before(level, n) + i] = 1;
}

void vclock_lower_end(uint64_t *out, uint32_t n, const uint8_t *zero)
{
    for (uint32_t level = 0; level < LEVELS; level++) {
        const uint8_t *part = zero + zeros_before(level, n);
        for (uint64_t i = 0; i <= n / capacity(level); i++)
            for (uint64_t s = i * capacity(level); part[i] && s < (i + 1) * capacity(level) && s < n; s++)
                out[s] = 0;
    }
}
