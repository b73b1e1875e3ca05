/* Persistent tries of epochs; see vclock.h. */
#include "vclock.h"

#define LEAF_SHIFT 3
#define LEAF (1u << LEAF_SHIFT)
#define FLAT_SHIFT 9 /* 512: so many slots are still an array */
#define FAN_SHIFT 2
#define FAN (1u << FAN_SHIFT)
#define LEVELS 16
#define KNOWN_LEVEL 1 /* from here on a comparison is dear enough to be remembered */

struct vclock_node {
    uint32_t refs;      /* atomic: clocks, nodes and notes that point here */
    uint32_t level : 4; /* 0: an array of epochs */
    uint32_t shift : 4; /* of an array: log2 of its length; LEAF_SHIFT below other nodes */
    uint32_t walk : 24; /* the walk that has seen it last; with the world stopped */
    union {
        uint64_t epoch[LEAF];           /* or more */
        struct vclock_node *child[FAN]; /* NULL: all zero */
    };
};
#define HEAD_SIZE offsetof(struct vclock_node, epoch)

bool vclock_failed;

static uint32_t length(const struct vclock_node *n)
{
    return 1u << n->shift;
}

static size_t size_of(uint32_t level, uint32_t shift)
{
    return HEAD_SIZE + (level ? FAN * sizeof(struct vclock_node *) : sizeof(uint64_t) << shift);
}

static struct pool *pool_of(struct vclock_stock *stock, uint32_t level, uint32_t shift)
{
    return level ? &stock->inner : &stock->arrays[shift - LEAF_SHIFT];
}
_Static_assert(FLAT_SHIFT - LEAF_SHIFT < VCLOCK_ARRAYS, "arrays");

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
    const uint32_t level = n->level, shift = n->shift;
    for (unsigned i = 0; level && i < FAN; i++)
        unref(n->child[i], stock);
    pool_put(pool_of(stock, level, shift), n, size_of(level, shift));
}

static struct vclock_node *allocate(uint32_t level, uint32_t shift, struct vclock_stock *stock)
{
    struct vclock_node *n = pool_get(pool_of(stock, level, shift), size_of(level, shift));
    if (!n) {
        vclock_failed = true;
        return NULL;
    }
    n->refs = 1;
    n->level = level & 15;
    n->shift = shift & 15;
    n->walk = 0;
    return n;
}

static struct vclock_node *fresh(uint32_t level, struct vclock_stock *stock)
{
    struct vclock_node *n = allocate(level, LEAF_SHIFT, stock);
    for (unsigned i = 0; n && i < (level ? FAN : LEAF); i++)
        n->epoch[i] = 0;
    return n;
}

/* An array of 1 << shift, with what is in `n`, an array that is not longer, or nothing. */
static struct vclock_node *array_from(const struct vclock_node *n, uint32_t shift, struct vclock_stock *stock)
{
    struct vclock_node *m = allocate(0, shift, stock);
    uint32_t i = 0;
    if (!m)
        return NULL;
    for (; n && i < length(n); i++)
        m->epoch[i] = n->epoch[i];
    for (; i < length(m); i++)
        m->epoch[i] = 0;
    return m;
}

/* A node that the caller may change: `n` itself when it is not shared. Takes over the caller's reference to n. */
static struct vclock_node *own(struct vclock_node *n, struct vclock_stock *stock)
{
    if (__atomic_load_n(&n->refs, __ATOMIC_ACQUIRE) == 1)
        return n;
    struct vclock_node *m = n->level ? allocate(n->level, LEAF_SHIFT, stock) : array_from(n, n->shift, stock);
    if (!m)
        return NULL;
    for (unsigned i = 0; n->level && i < FAN; i++)
        m->child[i] = ref(n->child[i]);
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

/* more: only if it is known to have more. */
static bool is_known(struct vclock_stock *stock, const struct vclock_node *above, const struct vclock_node *below,
                     bool more)
{
    const struct known *set = set_of(stock, above, below);
    for (unsigned i = 0; i < VCLOCK_WAYS; i++)
        if (set[i].above == above && set[i].below == below)
            return set[i].more >= more;
    return false;
}

static void note(struct vclock_stock *stock, struct vclock_node *above, struct vclock_node *below, bool more)
{
    struct known *set = set_of(stock, above, below);
    const struct known last = set[VCLOCK_WAYS - 1];
    for (unsigned i = VCLOCK_WAYS - 1; i > 0; i--)
        set[i] = set[i - 1];
    set[0] = (struct known){ref(above), ref(below), more};
    unref(last.above, stock);
    unref(last.below, stock);
}

void vclock_stock_drain(struct vclock_stock *stock)
{
    struct known *all = &stock->known[0][0][0];
    for (unsigned i = 0; i < VCLOCK_LEVELS * VCLOCK_SETS * VCLOCK_WAYS; i++) {
        unref(all[i].above, stock);
        unref(all[i].below, stock);
        all[i] = (struct known){NULL, NULL, false};
    }
    for (uint32_t i = 0; i < VCLOCK_ARRAYS; i++)
        pool_drain(&stock->arrays[i], size_of(0, LEAF_SHIFT + i));
    pool_drain(&stock->inner, size_of(1, 0));
}

/* ---- slots ---- */

/* Of a tree. */
static uint64_t capacity(uint32_t level)
{
    return (uint64_t)LEAF << (FAN_SHIFT * level);
}

/* level > 0. */
static unsigned digit(uint32_t slot, uint32_t level)
{
    return slot >> (LEAF_SHIFT + FAN_SHIFT * (level - 1)) & (FAN - 1);
}

static uint64_t reach(const struct vclock_node *n)
{
    return n->level ? capacity(n->level) : length(n);
}

uint64_t vclock_get(const struct vclock *c, uint32_t slot)
{
    const struct vclock_node *n = c->root;
    if (!n || slot >= reach(n))
        return 0;
    if (n->level == 0)
        return n->epoch[slot];
    do {
        n = n->child[digit(slot, n->level)];
        if (!n)
            return 0;
    } while (n->level);
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

static void set_in_tree(struct vclock *c, uint32_t slot, uint64_t epoch, struct vclock_stock *stock)
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

/* The clock, an array longer than a leaf, as a tree. */
static bool plant(struct vclock *c, struct vclock_stock *stock)
{
    struct vclock_node *from = c->root;
    struct vclock tree = {NULL};
    if (!from || from->level || from->shift == LEAF_SHIFT)
        return true;
    for (uint32_t i = 0; i < length(from); i++)
        if (from->epoch[i])
            set_in_tree(&tree, i, from->epoch[i], stock);
    if (!tree.root && !(tree.root = fresh(0, stock)))
        return false;
    c->root = tree.root;
    unref(from, stock);
    return !vclock_failed;
}

void vclock_set(struct vclock *c, uint32_t slot, uint64_t epoch, struct vclock_stock *stock)
{
    if ((c->root && c->root->level) || slot >= 1u << FLAT_SHIFT) {
        if (plant(c, stock))
            set_in_tree(c, slot, epoch, stock);
        return;
    }
    struct vclock_node *n = c->root;
    if (!n || slot >= length(n)) {
        uint32_t shift = LEAF_SHIFT;
        while (slot >= 1u << shift)
            shift++;
        n = array_from(n, shift, stock);
        if (n)
            unref(c->root, stock);
    } else {
        n = own(n, stock);
    }
    if (!n)
        return;
    n->epoch[slot] = epoch;
    c->root = n;
}

/* ---- join: all join b into the tree at *at ---- */

/* Two epochs at a time: they have 40 bits, so the sign of a difference says which is larger. */
typedef uint64_t two_epochs __attribute__((vector_size(16), aligned(8), may_alias));

static bool negative(two_epochs x)
{
    return (x[0] | x[1]) >> 63;
}

/* Of the first n, a multiple of 8: whether a has more somewhere, and b. */
static void compare(const uint64_t *a, const uint64_t *b, uint32_t n, bool *a_more, bool *b_more)
{
    two_epochs a_less = {0, 0}, b_less = {0, 0};
    for (uint32_t i = 0; i < n; i += 2) {
        const two_epochs x = *(const two_epochs *)(a + i), y = *(const two_epochs *)(b + i);
        a_less |= x - y;
        b_less |= y - x;
    }
    *a_more = negative(b_less);
    *b_more = negative(a_less);
}

static void raise_to(uint64_t *a, const uint64_t *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 2) {
        const two_epochs x = *(const two_epochs *)(a + i), y = *(const two_epochs *)(b + i);
        *(two_epochs *)(a + i) = x ^ ((x ^ y) & -((x - y) >> 63));
    }
}

static bool any_beyond(const struct vclock_node *n, uint32_t from)
{
    uint64_t any = 0;
    for (uint32_t i = from; i < length(n); i++)
        any |= n->epoch[i];
    return any != 0;
}

/* Arrays of any length. */
static bool join_array(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *a = *at, *n;
    const uint32_t both = length(a) < length(b) ? length(a) : length(b);
    bool a_more, b_more;
    compare(a->epoch, b->epoch, both, &a_more, &b_more);
    if (!b_more && !any_beyond(b, both))
        return false;
    if (!a_more && !any_beyond(a, both)) {
        ref(b);
        unref(a, stock);
        *at = b;
        return true;
    }
    if (length(a) >= length(b)) {
        n = own(a, stock);
    } else {
        n = array_from(a, b->shift, stock);
        if (n)
            unref(a, stock);
    }
    if (!n)
        return false;
    raise_to(n->epoch, b->epoch, length(b));
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
        struct vclock_node *child = ref(a->child[i]);
        if (!join(&child, b->child[i], stock)) {
            unref(child, stock);
            continue;
        }
        if (!n && !(n = own(ref(a), stock))) {
            unref(child, stock);
            return false;
        }
        unref(n->child[i], stock);
        n->child[i] = child;
    }
    if (n) {
        unref(a, stock);
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

static void replace(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *a = *at;
    *at = ref(b);
    unref(a, stock);
}

/* *at is as high as b. */
static bool join_children(struct vclock_node **at, struct vclock_node *b, struct vclock_stock *stock)
{
    struct vclock_node *before = *at;
    const bool notes = remembered(b->level);
    if (__atomic_load_n(&before->refs, __ATOMIC_ACQUIRE) == 1) {
        if (!join_in_place(before, b, stock)) {
            if (notes)
                note(stock, before, b, false);
            return false;
        }
        if (same_children(before, b))
            replace(at, b, stock);
        return true;
    }
    ref(before);
    const bool changed = join_shared(at, b, stock);
    if (changed && same_children(*at, b)) {
        replace(at, b, stock);
        if (notes)
            note(stock, b, before, true);
    } else if (!changed && notes) {
        note(stock, before, b, false);
    }
    unref(before, stock);
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

static bool is_array(const struct vclock_node *n)
{
    return n->level == 0;
}

bool vclock_join(struct vclock *c, const struct vclock *other, struct vclock_stock *stock)
{
    if (!other->root || c->root == other->root)
        return false;
    if (!c->root || (is_array(c->root) && is_array(other->root)))
        return join(&c->root, other->root, stock);
    struct vclock tree = {ref(other->root)};
    bool changed = false;
    if (plant(c, stock) && plant(&tree, stock) &&
        (c->root->level >= tree.root->level || raise(c, tree.root->level, stock)))
        changed = join(&c->root, tree.root, stock);
    unref(tree.root, stock);
    return changed;
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

static void lower_epochs(const struct vclock_node *n, uint64_t first, uint64_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < length(n) && first + i < count; i++)
        if (out[first + i] > n->epoch[i])
            out[first + i] = n->epoch[i];
}

static void lower(const struct vclock_node *n, uint32_t level, uint64_t first, uint64_t *out, uint32_t count)
{
    if (!n) {
        for (uint64_t s = first; s < first + capacity(level) && s < count; s++)
            out[s] = 0;
        return;
    }
    if (n->level == 0) {
        lower_epochs(n, first, out, count);
        return;
    }
    const uint64_t step = capacity(n->level - 1);
    for (unsigned i = 0; i < FAN && first + i * step < count; i++)
        lower(n->child[i], n->level - 1, first + i * step, out, count);
}

void vclock_lower(const struct vclock *c, uint64_t *out, uint32_t n)
{
    uint64_t known = c->root ? reach(c->root) : 0;
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
        for (uint32_t i = 0; i < length(n); i++)
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

static size_t zeros(const struct vclock_floor *f)
{
    return zeros_before(LEVELS, f->n);
}

void vclock_floor_begin(struct vclock_floor *f, uint64_t *out, uint32_t n)
{
    *f = (struct vclock_floor){.out = out, .n = n};
    f->zero = os_reserve(zeros(f));
    vclock_walk_begin();
}

static void lower_seen(const struct vclock_floor *f, struct vclock_node *n, uint64_t first)
{
    if (!first_time(n))
        return;
    if (n->level == 0) {
        lower_epochs(n, first, f->out, f->n);
        return;
    }
    const uint64_t step = capacity(n->level - 1);
    for (uint32_t i = 0; i < FAN && first + i * step < f->n; i++) {
        if (n->child[i])
            lower_seen(f, n->child[i], first + i * step);
        else
            f->zero[zeros_before(n->level - 1, f->n) + (first + i * step) / step] = 1;
    }
}

void vclock_floor_add(struct vclock_floor *f, const struct vclock *c)
{
    uint64_t known = c->root ? reach(c->root) : 0;
    uint32_t level = 0;
    if (!f->zero)
        return;
    if (c->root)
        lower_seen(f, c->root, 0);
    /* What is behind it: in parts as large as can be. */
    while (known < f->n) {
        while (level + 1 < LEVELS && known % capacity(level + 1) == 0)
            level++;
        while (known % capacity(level))
            level--;
        f->zero[zeros_before(level, f->n) + known / capacity(level)] = 1;
        known += capacity(level);
    }
}

static void clear(const struct vclock_floor *f, uint64_t from, uint64_t to)
{
    for (uint64_t s = from; s < to && s < f->n; s++)
        f->out[s] = 0;
}

void vclock_floor_end(struct vclock_floor *f)
{
    if (!f->zero) {
        clear(f, 0, f->n);
        return;
    }
    for (uint32_t level = 0; level < LEVELS; level++) {
        const uint8_t *part = f->zero + zeros_before(level, f->n);
        for (uint64_t i = 0; i <= f->n / capacity(level); i++)
            if (part[i])
                clear(f, i * capacity(level), (i + 1) * capacity(level));
    }
    os_unmap(f->zero, zeros(f));
}
