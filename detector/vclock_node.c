/* Making, sharing and giving back of nodes; see vclock_node.h. */
#include "vclock_node.h"

bool vclock_failed;

static size_t size_of(uint32_t level, uint32_t shift)
{
    if (level == PATCH)
        return HEAD_SIZE + sizeof(((struct vclock_node *)NULL)->patch);
    if (level)
        return HEAD_SIZE + FAN * sizeof(struct vclock_node *);
    return HEAD_SIZE + ((shift > COPIED_SHIFT ? sizeof(uint32_t) : sizeof(uint64_t)) << shift);
}

static struct pool *pool_of(struct vclock_stock *stock, uint32_t level, uint32_t shift)
{
    return level == PATCH ? &stock->patches : level ? &stock->inner : &stock->arrays[shift - LEAF_SHIFT];
}
_Static_assert(FLAT_SHIFT - LEAF_SHIFT < VCLOCK_ARRAYS, "arrays");

void vclock_node_end(struct vclock_node *n, struct vclock_stock *stock)
{
    const uint32_t level = n->level, shift = n->shift;
    if (level == PATCH)
        vclock_node_unref(vclock_node_below(n), stock);
    else
        for (unsigned i = 0; level && i < FAN; i++)
            vclock_node_unref(n->child[i], stock);
    pool_put(pool_of(stock, level, shift), n, size_of(level, shift));
}

struct vclock_node *vclock_node_allocate(uint32_t level, uint32_t shift, struct vclock_stock *stock)
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

struct vclock_node *vclock_node_fresh(uint32_t level, struct vclock_stock *stock)
{
    struct vclock_node *n = vclock_node_allocate(level, LEAF_SHIFT, stock);
    for (unsigned i = 0; n && i < (level ? FAN : LEAF); i++)
        n->epoch[i] = 0;
    return n;
}

struct vclock_node *vclock_node_array(const struct vclock_node *n, uint32_t shift, struct vclock_stock *stock)
{
    struct vclock_node *m = vclock_node_allocate(0, shift, stock);
    const uint32_t length = n ? vclock_node_length(n) : 0;
    if (!m)
        return NULL;
    if (n && vclock_node_small(n) != vclock_node_small(m)) {
        for (uint32_t i = 0; i < length; i++)
            m->small[i] = (uint32_t)n->epoch[i];
        zero_bytes(m->small + length, (vclock_node_length(m) - length) * sizeof *m->small);
        return m;
    }
    const size_t known = n ? size_of(0, n->shift) - HEAD_SIZE : 0, all = size_of(0, shift) - HEAD_SIZE;
    for (size_t i = 0; i < known / sizeof *m->epoch; i += 2)
        *(two_epochs *)(m->epoch + i) = *(const two_epochs *)(n->epoch + i);
    zero_bytes((char *)m->epoch + known, all - known);
    return m;
}

struct vclock_node *vclock_node_own(struct vclock_node *n, struct vclock_stock *stock)
{
    if (vclock_node_sole(n))
        return n;
    struct vclock_node *m =
        n->level ? vclock_node_allocate(n->level, LEAF_SHIFT, stock) : vclock_node_array(n, n->shift, stock);
    if (!m)
        return NULL;
    for (unsigned i = 0; n->level && i < FAN; i++)
        m->child[i] = vclock_node_ref(n->child[i]);
    vclock_node_unref(n, stock);
    return m;
}

void vclock_stock_drain(struct vclock_stock *stock)
{
    struct known *all = &stock->known[0][0][0];
    for (unsigned i = 0; i < VCLOCK_LEVELS * VCLOCK_SETS * VCLOCK_WAYS; i++) {
        vclock_node_unref(all[i].above, stock);
        vclock_node_unref(all[i].below, stock);
        all[i] = (struct known){NULL, NULL, false};
    }
    for (uint32_t i = 0; i < VCLOCK_ARRAYS; i++)
        pool_drain(&stock->arrays[i], size_of(0, LEAF_SHIFT + i));
    pool_drain(&stock->inner, size_of(1, 0));
    pool_drain(&stock->patches, size_of(PATCH, 0));
}
