/* See lock_rows.h. */
#include "lock_rows.h"

#define ROWS_LEAST ((size_t)16)
#define ROWS_MOST ((size_t)2048)
#define PLACES_A_ROW 16

bool rows_new(struct rows *rows, size_t places)
{
    size_t n = places / PLACES_A_ROW;
    n = n < ROWS_LEAST ? ROWS_LEAST : n > ROWS_MOST ? ROWS_MOST : n;
    *rows = (struct rows){.at = arena_alloc(ROW_KINDS * n * sizeof *rows->at), .n = n};
    if (rows->at)
        zero_bytes(rows->at, ROW_KINDS * n * sizeof *rows->at);
    return rows->at;
}

void rows_free(struct rows *rows)
{
    if (rows->at)
        arena_free(rows->at, ROW_KINDS * rows->n * sizeof *rows->at);
}

static unsigned used(const struct row *r)
{
    unsigned n = 0;
    for (unsigned i = 0; i < ROW_WORDS; i++)
        n += (unsigned)__builtin_popcountll(r->bits[i]);
    return n;
}

/* Of the two, the one with which less is lost. */
static struct row *lesser(struct row *a, struct row *b, uint64_t now)
{
    if (a->since != now)
        return a;
    return b->since != now || used(b) < used(a) ? b : a;
}

bool rows_put(const struct rows *rows, const struct actor *a, uint64_t now, uint64_t id, unsigned how)
{
    bool lasting = false;
    for (enum row_kind kind = 0; kind < ROW_KINDS; kind++) {
        const struct row_place p = row_place(a, kind, id, how);
        struct row *r = row_at(rows, kind, p.key, 0), *other = row_at(rows, kind, p.key, 1);
        if (!row_is(r, now, p.key))
            r = row_is(other, now, p.key) ? other : lesser(r, other, now);
        lasting |= r->since != now || r->key == p.key;
        if (!row_is(r, now, p.key)) {
            zero_bytes(r, sizeof *r);
            r->since = now;
            r->key = p.key;
        }
        r->bits[p.bit / 64] |= (uint64_t)1 << p.bit % 64;
    }
    return lasting;
}
