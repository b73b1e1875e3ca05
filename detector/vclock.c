/* Persistent 16-way tries of epochs; see vclock.h. */
#include "vclock.h"

struct vclock_node {
    uint32_t refs;  /* atomic: clocks and nodes that point here */
    uint32_t level; /* 0: a leaf of epochs */
    union {
        uint64_t epoch[VCLOCK_FAN];
        struct vclock_node *child[VCLOCK_FAN]; /* NULL: all zero */
    };
};
_Static_assert(sizeof(struct vclock_node) <= VCLOCK_NODE_SIZE, "arena class");

bool vclock_failed;

static struct vclock_node *ref(struct vclock_node *n)
{
    if (n)
        __atomic_fetch_add(&n->refs, 1, __ATOMIC_RELAXED);
    return n;
}

static void unref(struct vclock_node *n, struct pool *p)
{
    if (!n)
        return;
    /* Sole owner: nobody else can take a reference from a node that only we point to. */
    if (__atomic_load_n(&n->refs, __ATOMIC_ACQUIRE) != 1 && __atomic_sub_fetch(&n->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    if (n->level)
        for (int i = 0; i < VCLOCK_FAN; i++)
            unref(n->child[i], p);
    pool_put(p, n, VCLOCK_NODE_SIZE);
}

static struct vclock_node *fresh(uint32_t level, struct pool *p)
{
    struct vclock_node *n = pool_get(p, VCLOCK_NODE_SIZE);
    if (!n) {
        vclock_failed = true;
        return NULL;
    }
    n->refs = 1;
    n->level = level;
    zero_bytes(n->epoch, sizeof n->epoch);
    return n;
}

/* A node that the caller may change: `n` itself when it is not shared. Takes over the caller's reference to n. */
static struct vclock_node *own(struct vclock_node *n, struct pool *p)
{
    if (__atomic_load_n(&n->refs, __ATOMIC_ACQUIRE) == 1)
        return n;
    struct vclock_node *m = pool_get(p, VCLOCK_NODE_SIZE);
    if (!m) {
        vclock_failed = true;
        return NULL;
    }
    m->refs = 1;
    m->level = n->level;
    for (int i = 0; i < VCLOCK_FAN; i++)
        m->epoch[i] = n->epoch[i];
    if (n->level)
        for (int i = 0; i < VCLOCK_FAN; i++)
            ref(m->child[i]);
    unref(n, p);
    return m;
}

static uint64_t capacity(uint32_t level)
{
    return (uint64_t)VCLOCK_FAN << (4 * level);
}

static unsigned digit(uint32_t slot, uint32_t level)
{
    return slot >> (4 * level) & (VCLOCK_FAN - 1);
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
    return n->epoch[slot & (VCLOCK_FAN - 1)];
}

/* Makes the tree at least `level` high. */
static bool raise(struct vclock *c, uint32_t level, struct pool *p)
{
    if (!c->root)
        return (c->root = fresh(level, p)) != NULL;
    while (c->root->level < level) {
        struct vclock_node *up = fresh(c->root->level + 1, p);
        if (!up)
            return false;
        up->child[0] = c->root;
        c->root = up;
    }
    return true;
}

void vclock_set(struct vclock *c, uint32_t slot, uint64_t epoch, struct pool *p)
{
    uint32_t level = 0;
    while (slot >= capacity(level))
        level++;
    if (!raise(c, level, p))
        return;
    struct vclock_node **at = &c->root;
    for (;;) {
        struct vclock_node *n = own(*at, p);
        if (!n)
            return;
        *at = n;
        if (n->level == 0) {
            n->epoch[slot & (VCLOCK_FAN - 1)] = epoch;
            return;
        }
        at = &n->child[digit(slot, n->level)];
        if (!*at && !(*at = fresh(n->level - 1, p)))
            return;
    }
}

/* Joins b into the tree at *at, which is as high as b or higher. */
static bool join(struct vclock_node **at, struct vclock_node *b, struct pool *p)
{
    struct vclock_node *a = *at;
    if (!b || a == b)
        return false;
    if (!a) {
        *at = ref(b);
        return true;
    }
    if (a->level > b->level) {
        struct vclock_node *n = own(a, p);
        if (!n)
            return false;
        *at = n;
        /* b covers the first slots only: it belongs under child 0, below as many levels as are missing. */
        if (!n->child[0] && n->level - 1 > b->level && !(n->child[0] = fresh(n->level - 1, p)))
            return false;
        return join(&n->child[0], b, p);
    }
    bool a_le_b = true, b_le_a = true;
    if (a->level == 0) {
        for (int i = 0; i < VCLOCK_FAN; i++) {
            a_le_b &= a->epoch[i] <= b->epoch[i];
            b_le_a &= b->epoch[i] <= a->epoch[i];
        }
        if (b_le_a)
            return false;
        if (a_le_b) {
            ref(b);
            unref(a, p);
            *at = b;
            return true;
        }
        struct vclock_node *n = own(a, p);
        if (!n)
            return false;
        for (int i = 0; i < VCLOCK_FAN; i++)
            if (n->epoch[i] < b->epoch[i])
                n->epoch[i] = b->epoch[i];
        *at = n;
        return true;
    }
    bool changed = false;
    for (int i = 0; i < VCLOCK_FAN; i++) {
        if (!b->child[i] || a->child[i] == b->child[i])
            continue;
        struct vclock_node *n = own(a, p);
        if (!n)
            return changed;
        *at = a = n;
        changed |= join(&a->child[i], b->child[i], p);
    }
    for (int i = 0; i < VCLOCK_FAN; i++)
        if (a->child[i] != b->child[i])
            return changed;
    ref(b);
    unref(a, p);
    *at = b;
    return changed;
}

bool vclock_join(struct vclock *c, const struct vclock *other, struct pool *p)
{
    if (!other->root || c->root == other->root)
        return false;
    if (c->root && c->root->level < other->root->level && !raise(c, other->root->level, p))
        return false;
    return join(&c->root, other->root, p);
}

void vclock_copy(struct vclock *c, const struct vclock *other, struct pool *p)
{
    struct vclock_node *old = c->root;
    c->root = ref(other->root);
    unref(old, p);
}

void vclock_clear(struct vclock *c, struct pool *p)
{
    unref(c->root, p);
    c->root = NULL;
}

static void lower(const struct vclock_node *n, uint32_t level, uint64_t first, uint64_t *out, uint32_t count)
{
    uint64_t step = n ? capacity(n->level) / VCLOCK_FAN : 0;
    if (!n) {
        for (uint64_t s = first; s < first + capacity(level) && s < count; s++)
            out[s] = 0;
        return;
    }
    for (int i = 0; i < VCLOCK_FAN && first + i * step < count; i++) {
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

static void each(const struct vclock_node *n, uint32_t first, void (*visit)(uint32_t, uint64_t, void *), void *ctx)
{
    for (uint32_t i = 0; i < VCLOCK_FAN; i++) {
        if (n->level && n->child[i])
            each(n->child[i], first + (i << (4 * n->level)), visit, ctx);
        else if (!n->level && n->epoch[i])
            visit(first + i, n->epoch[i], ctx);
    }
}

void vclock_each(const struct vclock *c, void (*visit)(uint32_t slot, uint64_t epoch, void *ctx), void *ctx)
{
    if (c->root)
        each(c->root, 0, visit, ctx);
}
