/* See lock_nesting.h. */
#include "lock_nesting.h"

#include "lock_renewal.h"

#define SIZE_FIRST NESTING_BLOCK
#define FOLLOWING 8 /* blocks that a key may be in, from its second on */
#define SIZE_MAX_PLACES ((size_t)NESTING_BLOCK << NESTING_BLOCK_BITS)

static struct nestings *tables;

struct nestings *nestings_all(void)
{
    return tables;
}

static void list(struct nestings *t)
{
    t->older = tables;
    if (tables)
        tables->newer = t;
    tables = t;
}

static void unlist(const struct nestings *t)
{
    if (t->older)
        t->older->newer = t->newer;
    *(t->newer ? &t->newer->older : &tables) = t->older;
}

static void table_free(struct nestings *t)
{
    renewals_end(t);
    if (t->at)
        arena_free(t->at, t->size * sizeof *t->at);
    if (t->settled)
        arena_free(t->settled, t->size / 8 * sizeof *t->settled);
    rows_free(&t->rows);
    if (t->gates)
        arena_free(t->gates, t->size * sizeof *t->gates);
    arena_free(t, sizeof *t);
}

static struct nestings *table_new(size_t size, uint64_t seen)
{
    struct nestings *t = arena_alloc(sizeof *t);
    if (!t)
        return NULL;
    *t = (struct nestings){.size = size, .seen = seen};
    t->at = arena_alloc(size * sizeof *t->at); /* a power of two: begins at a cache line */
    t->settled = arena_alloc(size / 8 * sizeof *t->settled);
    t->gates = arena_alloc(size * sizeof *t->gates);
    if (!rows_new(&t->rows, size) || !t->at || !t->settled || !t->gates) {
        table_free(t);
        return NULL;
    }
    zero_bytes(t->at, size * sizeof *t->at);
    zero_bytes(t->settled, size / 8 * sizeof *t->settled);
    list(t);
    return t;
}

/* Behind both lines: in the blocks of the key and those that follow the second one. Many are taken under the same locks in some
 * programs, and what is full for that is no reason to double the table. */
static struct nesting *in_blocks(const struct nestings *t, uint64_t key)
{
    struct nesting *k = nesting_among(nesting_block(t, nesting_number(t, key, false)), NESTING_BLOCK, key);
    for (unsigned i = 0; !k && i < FOLLOWING; i++)
        k = nesting_among(nesting_block(t, nesting_number(t, key, true) + i), NESTING_BLOCK, key);
    return k;
}

struct nesting *nesting_elsewhere(const struct nestings *t, uint64_t key)
{
    struct nesting *k = nesting_among(nesting_line(t, key, true), NESTING_WAYS, key);
    return k ? k : in_blocks(t, key);
}

/* Where the key is, or may go; NULL: it is better to double the table, or all is full. */
static struct nesting *place(const struct nestings *t, uint64_t key)
{
    struct nesting *k = nesting_among(nesting_line(t, key, false), NESTING_WAYS, key);
    if (!k)
        k = nesting_among(nesting_line(t, key, true), NESTING_WAYS, key);
    if (k)
        return k;
    k = in_blocks(t, key);
    return k && (k->key || t->used < t->size / 2 || t->size == SIZE_MAX_PLACES) ? k : NULL;
}

static void put(struct nestings *t, struct nesting *at, const struct nesting *k, struct gates *g)
{
    t->used += !at->key;
    *at = *k;
    *nesting_gates(t, at) = g;
}

/* Its place will be another one's. */
static struct gates *take_out(struct nestings *t, struct nesting *at)
{
    struct gates *g = *nesting_gates(t, at);
    at->key = 0;
    t->used--;
    return g;
}

/* NULL: no memory. What finds no place is dropped. */
static struct nestings *doubled(struct nestings *t, void (*drop)(struct gates *g))
{
    struct nestings *to = table_new(2 * t->size, t->seen);
    if (to && to->rows.n == t->rows.n) {
        const struct rows rows = to->rows;
        to->rows = t->rows; /* where most is settled already */
        to->since = t->since;
        t->rows = rows;
    }
    for (size_t i = 0; to && i < t->size; i++) {
        struct nesting *at = t->at[i].key ? place(to, t->at[i].key & ~NESTING_CYCLIC) : NULL;
        if (at)
            put(to, at, &t->at[i], t->gates[i]);
        else if (t->at[i].key)
            drop(take_out(t, &t->at[i]));
    }
    return to;
}

static bool settle_in(struct settled *s, uint64_t now, uint64_t key)
{
    if (s->since != now) {
        zero_bytes(s, sizeof *s);
        s->since = now;
    }
    unsigned i = 0;
    while (i < NESTING_SETTLED && s->key[i] && s->key[i] != key)
        i++;
    if (i == NESTING_SETTLED)
        return false;
    s->key[i] = key;
    return true;
}

HOT bool nesting_otherwise_settled(struct actor *a, uint64_t now, uint64_t id, unsigned how)
{
    struct nestings *t = a->nestings;
    if (!t || t->since != now)
        return false;
    for (unsigned i = 1; i < 2 * ROW_KINDS; i++) {
        const enum row_kind kind = i < 2 ? t->kind : ROWS_BY_TAKEN - t->kind;
        if (rows_have(&t->rows, kind, i & 1, a, now, id, how)) {
            t->kind = kind;
            return true;
        }
    }
    if (!t->lines)
        return false;
    const uint64_t key = nesting_key(a, id, how);
    return settled_in(settled_first(a, key), now, key) || settled_in(settled_second(a, key), now, key);
}

void nesting_settle(struct actor *a, uint64_t now, uint64_t id, unsigned how)
{
    if (!a->nestings)
        return;
    a->nestings->since = now;
    if (rows_put(&a->nestings->rows, a, now, id, how))
        return;
    a->nestings->lines = true;
    const uint64_t key = nesting_key(a, id, how);
    struct settled *second = settled_second(a, key);
    if (!settle_in(settled_first(a, key), now, key) && !settle_in(second, now, key))
        second->key[(key >> 40) % NESTING_SETTLED] = key;
}

bool nesting_noted(struct actor *a, const struct nesting *k, uint64_t now, uint64_t id, unsigned how)
{
    if (!k || !nesting_is_new(a, k))
        return false;
    if (!(k->key & NESTING_CYCLIC))
        nesting_settle(a, now, id, how);
    return true;
}

void nesting_put(struct actor *a, const struct nesting *k, struct gates *g, void (*drop)(struct gates *g))
{
    if (!a->nestings && !(a->nestings = table_new(SIZE_FIRST, cycles_seen()))) {
        drop(g);
        return;
    }
    const uint64_t key = k->key & ~NESTING_CYCLIC;
    struct nesting *at;
    while (!(at = place(a->nestings, key)) && a->nestings->size < SIZE_MAX_PLACES) {
        struct nestings *to = doubled(a->nestings, drop);
        if (!to)
            break;
        unlist(a->nestings);
        table_free(a->nestings);
        a->nestings = to;
    }
    if (!at)
        at = nesting_line(a->nestings, key, true) + k->epoch % NESTING_WAYS;
    if (at->key)
        drop(take_out(a->nestings, at));
    put(a->nestings, at, k, g);
}

void nestings_empty(struct nestings *t, void (*drop)(struct gates *g))
{
    for (size_t i = 0; i < t->size; i++)
        if (t->at[i].key)
            drop(take_out(t, &t->at[i]));
}

void nestings_drop(struct actor *a, void (*drop)(struct gates *g))
{
    nestings_empty(a->nestings, drop);
    unlist(a->nestings);
    table_free(a->nestings);
    a->nestings = NULL;
}
