/* Looks at whole clocks, for collections; see vclock.h. */
#include "vclock_node.h"

static void lower_epochs(const struct vclock_node *n, uint64_t first, uint64_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < vclock_node_length(n) && first + i < count; i++)
        if (out[first + i] > vclock_node_epoch(n, i))
            out[first + i] = vclock_node_epoch(n, i);
}

static void lower(const struct vclock_node *n, uint32_t level, uint64_t first, uint64_t *out, uint32_t count)
{
    if (!n) {
        for (uint64_t s = first; s < first + vclock_node_capacity(level) && s < count; s++)
            out[s] = 0;
        return;
    }
    if (n->level == 0) {
        lower_epochs(n, first, out, count);
        return;
    }
    const uint64_t step = vclock_node_capacity(n->level - 1);
    for (unsigned i = 0; i < FAN && first + i * step < count; i++)
        lower(n->child[i], n->level - 1, first + i * step, out, count);
}

static void lower_flat(const struct vclock_node *root, uint64_t *out, uint32_t n)
{
    uint64_t known = root ? vclock_node_reach(root) : 0;
    if (root)
        lower(root, root->level, 0, out, n);
    for (uint64_t s = known; s < n; s++)
        out[s] = 0;
}

/* Below a patch its slot is not looked at. */
static void lower_patched(const struct vclock_node *root, uint64_t *out, uint32_t n)
{
    if (!root || !vclock_node_patched(root)) {
        lower_flat(root, out, n);
        return;
    }
    const uint32_t slot = root->patch.slot;
    const uint64_t least = slot < n && out[slot] < root->patch.epoch ? out[slot] : root->patch.epoch;
    lower_patched(vclock_node_below(root), out, n);
    if (slot < n)
        out[slot] = least;
}

void vclock_lower(const struct vclock *c, uint64_t *out, uint32_t n)
{
    lower_patched(c->root, out, n);
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
        for (uint32_t i = 0; i < vclock_node_length(n); i++)
            if (vclock_node_epoch(n, i))
                visit(first + i, vclock_node_epoch(n, i), ctx);
        return;
    }
    for (uint32_t i = 0; i < FAN; i++)
        if (n->child[i])
            each(n->child[i], first + i * (uint32_t)vclock_node_capacity(n->level - 1), visit, ctx);
}

void vclock_walk(const struct vclock *c, void (*visit)(uint32_t slot, uint64_t epoch, void *ctx), void *ctx)
{
    struct vclock_node *n = c->root;
    for (; n && vclock_node_patched(n) && first_time(n); n = vclock_node_below(n))
        visit(n->patch.slot, n->patch.epoch, ctx);
    if (n && !vclock_node_patched(n))
        each(n, 0, visit, ctx);
}

/* Parts of a level, LEVELS of them one after the other: one byte for each subtree that a clock of n slots may lack. */
static size_t zeros_before(uint32_t level, uint32_t n)
{
    size_t sum = 0;
    for (uint32_t l = 0; l < level; l++)
        sum += n / vclock_node_capacity(l) + 1;
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
    const uint64_t step = vclock_node_capacity(n->level - 1);
    for (uint32_t i = 0; i < FAN && first + i * step < f->n; i++) {
        if (n->child[i])
            lower_seen(f, n->child[i], first + i * step);
        else
            f->zero[zeros_before(n->level - 1, f->n) + (first + i * step) / step] = 1;
    }
}

void vclock_floor_add(struct vclock_floor *f, const struct vclock *c)
{
    struct vclock_node *root = c->root ? vclock_node_base(c->root) : NULL;
    uint64_t known = root ? vclock_node_reach(root) : 0;
    uint32_t level = 0;
    if (!f->zero)
        return;
    if (root)
        lower_seen(f, root, 0);
    /* What is behind it: in parts as large as can be. */
    while (known < f->n) {
        while (level + 1 < LEVELS && known % vclock_node_capacity(level + 1) == 0)
            level++;
        while (known % vclock_node_capacity(level))
            level--;
        f->zero[zeros_before(level, f->n) + known / vclock_node_capacity(level)] = 1;
        known += vclock_node_capacity(level);
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
        for (uint64_t i = 0; i <= f->n / vclock_node_capacity(level); i++)
            if (part[i])
                clear(f, i * vclock_node_capacity(level), (i + 1) * vclock_node_capacity(level));
    }
    os_unmap(f->zero, zeros(f));
}
