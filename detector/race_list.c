/* The rule on lists of accesses (race.h), and the steps that take a list: of histories with a race, with accesses that have
 * no stamp, and long ones. */
#include "access.h"
#include "history.h"
#include "lockset.h"
#include "owner.h"
#include "race.h"
#include "sort.h"

static bool kind_in(uint32_t meta, unsigned kinds)
{
    return kinds >> meta_kind(meta) & 1;
}

/* What twins may differ in. */
#define TWIN (META_MASK | META_SIZE)

/* Adds the access, merging it with its twin on other bytes of the granule (a loop over bytes is one access). */
uint32_t access_add(struct access *list, uint32_t n, const struct access *x)
{
    for (uint32_t i = 0; i < n; i++) {
        if (list[i].who == x->who && list[i].stack == x->stack && !((list[i].meta ^ x->meta) & ~TWIN)) {
            uint32_t larger = (list[i].meta & META_SIZE) > (x->meta & META_SIZE) ? list[i].meta : x->meta;
            if (larger == x->meta)
                list[i].stamp = x->stamp; /* it knows the size */
            list[i].meta = (larger & ~META_MASK) | ((list[i].meta | x->meta) & META_MASK);
            return n;
        }
    }
    list[n] = *x;
    return n + 1;
}

static bool access_before(struct access x, struct access y)
{
    if (x.who != y.who)
        return x.who < y.who;
    if (x.stack != y.stack)
        return x.stack < y.stack;
    return (x.meta & ~TWIN) < (y.meta & ~TWIN);
}
HEAPSORT(sort, struct access, access_before)

#define FEW 32 /* so few that each is compared with each */

uint32_t access_unite(struct access *list, uint32_t n)
{
    uint32_t m = 0;
    if (n <= FEW) {
        for (uint32_t i = 0; i < n; i++)
            m = access_add(list, m, &list[i]);
        return m;
    }
    sort(list, n);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t last = m ? m - 1 : 0;
        m = last + access_add(list + last, m - last, &list[i]);
    }
    return m;
}

void race_transition(struct actor *a, const struct access *old, uint32_t nold, const struct access *access,
                     struct transition *t)
{
    const enum access_kind kind = meta_kind(access->meta);
    const unsigned conflicts = kind_conflicts(kind);
    const unsigned same_epoch = kind == ACCESS_FREE ? 0 : kind_covered_by(kind);
    unsigned left = meta_mask(access->meta);
    struct access *list = t->list;
    uint32_t n = 0;

    t->changed = false;
    t->nraces = 0;
    t->raced_bytes = 0;
    for (uint32_t i = 0; i < nold; i++) {
        struct access x = old[i];
        unsigned common = meta_mask(x.meta) & meta_mask(access->meta);
        if (common) {
            bool mine = who_slot(x.who) == who_slot(access->who);
            bool known = mine || actor_knows(a, x.who);
            if (!known && kind_in(x.meta, conflicts)) {
                t->raced_bytes |= common;
                t->raced[t->nraces] = x;
                t->raced[t->nraces++].meta = (x.meta & ~META_MASK) | common;
            }
            if (x.who == access->who && kind_in(x.meta, same_epoch)) {
                left &= ~meta_mask(x.meta);
            } else if (known && kind_covered_by(meta_kind(x.meta)) >> kind & 1) {
                x.meta &= ~common;
                t->changed = true;
            }
        }
        if (meta_mask(x.meta))
            list[n++] = x;
    }
    if (left) {
        struct access fresh = *access;
        fresh.meta = (fresh.meta & ~META_MASK) | left;
        n = access_add(list, n, &fresh);
        t->changed = true;
    }
    t->n = n;
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

#define SMALL 24

/* Room for the histories of one step - the old one, the new one, the raced part: on the stack for nearly all, else from
 * the arena. */
struct scratch {
    struct access small[3 * (SMALL + 1)];
    struct access *big;
    uint32_t room; /* elements of big */
    struct access *old;
};

static bool scratch_for(struct scratch *s, uint32_t n, struct transition *t)
{
    struct access *at = s->small;
    if (n > SMALL) {
        if (s->room < 3 * (n + 1)) {
            if (s->big)
                arena_free(s->big, s->room * sizeof *s->big);
            s->room = 3 * (2 * n + 1);
            s->big = arena_alloc(s->room * sizeof *s->big);
            if (!s->big) {
                s->room = 0;
                return false;
            }
        }
        at = s->big;
    }
    s->old = at;
    t->list = at + n + 1;
    t->raced = t->list + n + 1;
    return true;
}

/* Makes the fast path look away from the bytes of the list that are party to a race, and see the actor's others. True when
 * something changed. */
static bool restamp(struct actor *a, struct transition *t)
{
    bool changed = false;
    for (uint32_t i = 0; i < t->n; i++) {
        struct access *x = &t->list[i];
        uint32_t number;
        if (x->meta & META_DISTRUST || !x->stamp)
            continue;
        const uint32_t meta = stamp_meta(x->meta);
        if (meta_mask(x->meta) & t->raced_bytes)
            number = stamp_apart(&a->stocks->reserve, x->who, x->stack, meta | META_DISTRUST);
        else if (x->who != a->who || stamp_current(&a->stamps, x->stamp << CELL_STAMP_SHIFT) ||
                 !(number = stamp_of(&a->stocks->reserve, x->who, x->stack, meta)))
            continue;
        if (meta_mask(x->meta) & t->raced_bytes)
            x->meta |= META_DISTRUST;
        x->stamp = number;
        changed = true;
    }
    return changed;
}

__attribute__((noinline)) void race_step_in_list(struct actor *a, union granule *g, uintptr_t addr,
                                                 const struct access *now)
{
    struct scratch scratch;
    struct transition t;
    const union granule from = history_hold(g);
    uint32_t n = history_length(&from);
    union granule to = from;

    scratch.big = NULL;
    scratch.room = 0;
    t.nraces = 0;
    if (likely(scratch_for(&scratch, n, &t))) {
        n = history_list(&from, scratch.old);
        race_transition(a, scratch.old, n, now, &t);
        bool changed = t.changed;
        changed |= restamp(a, &t);
        if (changed && !history_pack(&a->stocks->spills, history_block(&from), t.list, t.n, &to))
            to = from;
    } else {
        history_lost();
    }
    granule_put(g, &to);
    page_leave(a); /* the host may wait for others */

    if (unlikely(t.nraces))
        races_report(a, addr, now, t.raced, t.nraces);
    if (scratch.big)
        arena_free(scratch.big, scratch.room * sizeof *scratch.big);
}
