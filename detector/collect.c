/* Collection of histories, stamps, lock sets and the memory of actors that have gone.
 *
 * Nothing is forgotten that could still be one side of a race:
 *  - A remembered access that every live actor knows of is dropped: whoever acts later knows it, too.
 *  - Epochs that nobody can tell apart become one. Whether an access of epoch e is known depends only on the values that
 *    clocks hold for its slot: of actors, of their fences, and of synchronisation objects, which others may acquire. So e
 *    can be replaced by the smallest such value that is not below it (or the last epoch of its actor): no comparison has
 *    another outcome, now or later. A thread that takes a lock a million times leaves behind as many epochs as there are
 *    different opinions about it, and histories that differed in epochs alone become equal.
 *  - Stamps and spill blocks that no granule names any more are free, and pages of shadow without any history.
 * All stamps get new numbers on the way (stamp.h): equal ones the same. */
#include "collect.h"

#include "access.h"
#include "heap.h"
#include "history.h"
#include "lockset.h"
#include "owner.h"
#include "race.h"
#include "slots.h"
#include "sort.h"
#include "sync.h"

#define VALUES_MAX ((size_t)1 << 22)
#define SEEN (1u << 13)

#define SMALL 32

struct sweep {
    struct spill_stock spills;
    uint64_t live;                    /* granules that have a history */
    uint32_t *notes;                  /* stamp_notes */
    union granule *empty, *empty_end; /* pages of none, not yet dropped */
    uint64_t *floor;                  /* by slot: every live actor knows it up to this epoch */
    who_t *values;                    /* what clocks hold, sorted; NULL: too many, epochs stay as they are */
    size_t nvalues;
    who_t seen[SEEN]; /* lately added to values */
    struct {
        who_t who, to;
    } lately[SEEN]; /* what canonical() has said */
};

static uint64_t done;

uint64_t collections(void)
{
    return done;
}

static void add_value(uint32_t slot, uint64_t epoch, void *ctx)
{
    struct sweep *s = ctx;
    who_t who = who_pack(slot, epoch);
    who_t *seen = &s->seen[who * 0x9e3779b97f4a7c15u >> (64 - 13)];
    if (*seen == who || s->nvalues == VALUES_MAX)
        return;
    *seen = who;
    s->values[s->nvalues++] = who;
}

static void add_clock(const struct vclock *c, void *ctx)
{
    vclock_walk(c, add_value, ctx);
}

#define LESS(x, y) ((x) < (y))
HEAPSORT(sort, who_t, LESS)

static who_t canonical_slow(const struct sweep *s, who_t who)
{
    size_t lo = 0, hi = s->nvalues;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->values[mid] < who)
            lo = mid + 1;
        else
            hi = mid;
    }
    uint64_t epoch = actor_last_epoch(who);
    if (lo < s->nvalues && who_slot(s->values[lo]) == who_slot(who) && who_epoch(s->values[lo]) < epoch)
        epoch = who_epoch(s->values[lo]);
    return who_pack(who_slot(who), epoch);
}

static who_t canonical(struct sweep *s, who_t who)
{
    if (!s->values)
        return who;
    size_t i = who * 0x9e3779b97f4a7c15u >> (64 - 13);
    if (s->lately[i].who != who) {
        s->lately[i].who = who;
        s->lately[i].to = canonical_slow(s, who);
    }
    return s->lately[i].to;
}

static void keep_names(who_t who, uint32_t meta)
{
    actor_mark(who);
    lockset_mark(meta_lockset(meta));
}

/* What becomes of stamp `number`: its new number, or SETTLED when it is not to be remembered, or NONE when there is no new
 * number for it. Worked out once. */
#define SETTLED 0u
#define NONE (~0u)

static uint32_t renewed_first(struct sweep *s, uint32_t number)
{
    struct stamp x = stamps[number];
    uint32_t to = SETTLED;
    x.meta &= ~META_STANDS;
    if (who_epoch(x.who) > s->floor[who_slot(x.who)] && !(x.meta & META_SUM)) {
        x.who = canonical(s, x.who);
        to = stamp_renew(&x);
        if (!to)
            return NONE;
        keep_names(x.who, x.meta);
    }
    s->notes[number] = 1 + to;
    return to;
}
static inline uint32_t renewed(struct sweep *s, uint32_t number)
{
    const uint32_t note = s->notes[number]; /* 1 + what was worked out */
    return likely(note != 0) ? note - 1 : renewed_first(s, number);
}

/* False: nothing remains of x. */
static bool renew_access(struct sweep *s, struct access *x)
{
    if (who_epoch(x->who) <= s->floor[who_slot(x->who)])
        return false;
    x->who = canonical(s, x->who);
    uint32_t number = x->stamp ? renewed(s, x->stamp)
                               : stamp_renew(&(struct stamp){x->who, x->stack,
                                                             stamp_meta(x->meta) | (x->meta & META_DISTRUST)});
    x->stamp = number == NONE ? 0 : number;
    keep_names(x->who, x->meta);
    return true;
}

static void sweep_spilled(struct sweep *s, union granule *g)
{
    struct access small[2 * SMALL], *list = small;
    const uint32_t block = history_block(g);
    uint32_t n = history_length(g);
    const size_t room = 2 * n * sizeof *list;
    if (n > SMALL && !(list = arena_alloc(room))) {
        *g = (union granule){.half = {0, 0}};
        history_lost();
        return;
    }
    struct access *out = list + n;
    uint32_t m = 0;
    n = history_list(g, list);
    for (uint32_t i = 0; i < n; i++)
        if (renew_access(s, &list[i]))
            out[m++] = list[i];
    m = access_unite(out, m);
    if (!history_pack(&s->spills, block, out, m, g))
        *g = (union granule){.half = {0, 0}};
    if (granule_spilled(g))
        spill_mark(history_block(g));
    if (list != small)
        arena_free(list, room);
}

/* `cell` with the stamp's new number, 0 when it is not to be remembered; *none: there is no number. */
static inline uint32_t renewed_cell(struct sweep *s, uint32_t cell, bool *none)
{
    if (!cell)
        return 0;
    const uint32_t number = renewed(s, cell >> CELL_STAMP_SHIFT);
    *none |= number == NONE;
    return number == SETTLED ? 0 : number << CELL_STAMP_SHIFT | (cell & (CELL_CLASS | CELL_BYTES));
}

/* Cells that became equal but for their bytes are one. */
static void unite_twins(uint32_t *cell)
{
    for (unsigned i = 1; i < CELLS; i++)
        for (unsigned j = 0; j < i; j++)
            if (cell[i] && !((cell[i] ^ cell[j]) >> 8)) {
                cell[j] |= cell[i];
                cell[i] = 0;
            }
}

/* False: a stamp of it could get no new number. What it becomes is put together in registers: what was stored by cells is not to be
 * loaded as a whole. */
static inline bool sweep_cells(struct sweep *s, const union granule *g, union granule *to)
{
    bool none = false;
    const four_cells now = {renewed_cell(s, g->cell[0], &none), renewed_cell(s, g->cell[1], &none),
                            renewed_cell(s, g->cell[2], &none), renewed_cell(s, g->cell[3], &none)};
    if (unlikely(none))
        return false;
    to->four = now;
    const four_cells next = now ^ __builtin_shufflevector(now, now, 1, 2, 3, 0),
                     over = now ^ __builtin_shufflevector(now, now, 2, 3, 0, 1);
    const lanes twins = (lanes)(now != 0) & ((lanes)(next >> 8 == 0) | (lanes)(over >> 8 == 0));
    if (unlikely(lane_bits(twins)))
        unite_twins(to->cell);
    return true;
}

/* Pages that hold nothing any more go back to the kernel, neighbours together. */
static void drop(struct sweep *s, union granule *from, union granule *to)
{
    if (from != s->empty_end) {
        if (s->empty != s->empty_end)
            os_drop(s->empty, (size_t)(s->empty_end - s->empty) * sizeof *from);
        s->empty = from;
    }
    s->empty_end = to;
}

static void sweep_granules(union granule *g, size_t n, void *ctx)
{
    struct sweep *s = ctx;
    const uint64_t before = s->live;
    /* What was accessed together has the same cells: most granules are like the one before. */
    union granule from = {.half = {0, 0}}, to = {.half = {0, 0}};
    for (size_t i = 0; i < n; i++) {
        if (granule_empty(&g[i]))
            continue;
        if (granule_same(&g[i], &from)) {
            g[i] = to;
        } else if (!granule_spilled(&g[i]) && sweep_cells(s, &g[i], &to)) {
            from = g[i];
            g[i] = to;
        } else {
            from = (union granule){.half = {0, 0}};
            sweep_spilled(s, &g[i]);
        }
        s->live += !granule_empty(&g[i]);
    }
    if (s->live == before && (uintptr_t)g % OS_PAGE == 0 && n * sizeof *g == OS_PAGE)
        drop(s, g, g + n);
}

/* Among so many clocks there are too many opinions for it to pay. */
#define GATHER_ACTORS 4096

static void gather(struct sweep *s)
{
    if (actors_alive() > GATHER_ACTORS)
        return;
    s->values = os_reserve(VALUES_MAX * sizeof *s->values);
    if (!s->values)
        return;
    vclock_walk_begin();
    actor_each_clock(add_clock, s);
    sync_each_clock(add_clock, s);
    slots_each_clock(add_clock, s);
    sync_each_epoch(add_value, s);
    if (s->nvalues == VALUES_MAX) {
        os_unmap(s->values, VALUES_MAX * sizeof *s->values);
        s->values = NULL;
        return;
    }
    sort(s->values, s->nvalues);
}

static bool renew_begin(void)
{
    if (!spill_mark_begin())
        return false;
    if (stamp_renew_begin(actor_slots()))
        return true;
    spill_mark_abandon();
    return false;
}

void collect(struct actor *a)
{
    world_stop(a);
    /* Others may have seen the same need. */
    bool due = __atomic_exchange_n(&collection_wanted, 0, __ATOMIC_RELAXED) || actors_crowded();
    const size_t floor_size = ((size_t)actor_slots() + 1) * sizeof(uint64_t);
    struct sweep *s = due ? os_reserve(sizeof *s) : NULL;
    if (s)
        s->floor = os_reserve(floor_size);
    if (s && s->floor && renew_begin()) {
        s->notes = stamp_notes();
        actor_floor(s->floor);
        sync_floor(s->floor, actor_slots());
        gather(s);
        actor_mark_begin();
        actor_keep_together();
        lockset_mark_begin();
        for (const struct actor *o = actors_newest; o; o = o->older)
            races_mark(o);
        heap_mark();
        shadow_all(sweep_granules, s);
        drop(s, NULL, NULL);
        spill_sweep(s->live / 16); /* as many bytes as a sixteenth of what is looked at again */
        shadow_collected(s->live);
        shadow_pages_reset(PAGE_SHARED, PAGE_WAS_SHARED);
        lockset_sweep();
        actor_sweep();
        const uint64_t granules = s->live / 4; /* half as much is looked at again */
        stamp_renew_end(granules > actors_afford() ? (uint32_t)granules : actors_afford());
        context_rehash();
        done++;
    }
    if (s && s->values)
        os_unmap(s->values, VALUES_MAX * sizeof *s->values);
    if (s && s->floor)
        os_unmap(s->floor, floor_size);
    if (s)
        os_unmap(s, sizeof *s);
    world_start(a);
}
