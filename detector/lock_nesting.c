/* See lock_nesting.h. */
#include "lock_nesting.h"

#define SIZE_FIRST 16
#define SIZE_MAX_PLACES (1u << 17)

static size_t bytes(size_t size)
{
    return sizeof(struct nestings) + size * sizeof(struct nesting);
}

static struct nestings *table_new(size_t size)
{
    struct nestings *t = arena_alloc(bytes(size));
    if (!t)
        return NULL;
    zero_bytes(t, bytes(size));
    t->size = size;
    return t;
}

/* Where the key is, or may go; NULL: all ways are taken. */
static struct nesting *place(struct nestings *t, uint64_t key)
{
    struct nesting *k = nesting_set(t, key), *empty = NULL;
    for (unsigned i = 0; i < NESTING_WAYS; i++) {
        if (k[i].key == key)
            return &k[i];
        if (!k[i].key)
            empty = &k[i];
    }
    return empty;
}

static void put(struct nesting *at, const struct nesting *k)
{
    *at = *k;
    k->g->latest = &at->epoch;
}

/* Its place will be another one's. */
static struct gates *take_out(struct nesting *at)
{
    struct gates *g = at->g;
    if (at->key) {
        g->epoch = at->epoch;
        g->latest = &g->epoch;
    }
    return at->key ? g : NULL;
}

static struct nestings *doubled(const struct nestings *t)
{
    struct nestings *to = table_new(2 * t->size);
    for (size_t i = 0; to && i < t->size; i++)
        if (t->at[i].key)
            put(place(to, t->at[i].key), &t->at[i]); /* a set becomes two */
    return to;
}

struct gates *nesting_put(struct actor *a, const struct nesting *k)
{
    if (!a->nestings && !(a->nestings = table_new(SIZE_FIRST)))
        return k->g;
    struct nesting *at;
    while (!(at = place(a->nestings, k->key)) && a->nestings->size < SIZE_MAX_PLACES) {
        struct nestings *to = doubled(a->nestings);
        if (!to)
            break;
        arena_free(a->nestings, bytes(a->nestings->size));
        a->nestings = to;
    }
    if (!at)
        at = nesting_set(a->nestings, k->key) + k->epoch % NESTING_WAYS;
    struct gates *gone = take_out(at);
    put(at, k);
    return gone;
}

void nestings_drop(struct actor *a, void (*drop)(struct gates *g))
{
    for (size_t i = 0; i < a->nestings->size; i++)
        if (a->nestings->at[i].key)
            drop(take_out(&a->nestings->at[i]));
    arena_free(a->nestings, bytes(a->nestings->size));
    a->nestings = NULL;
}
