/* See stamp.h. Numbers are handed out in reserves, by one atomic addition each. */
#include "stamp.h"

#include "arena.h"
#include "shadow.h"

struct stamp *stamps;

#define CROWD_LEAST (STAMP_MAX / 64)
#define RESERVE_FIRST 16u
#define RESERVE_LAST (STAMP_MAX / 256 + 1)
#define CACHE_FIRST (32 - 4)
#define CACHE_LAST (32 - 13)

/* In a collection: the numbers for one slot's stamps. */
static struct part {
    uint32_t first, next, end;
    uint32_t old; /* how many it had */
} * parts;
static uint32_t nparts;
static uint32_t nrenewed; /* numbers that the collection has given out */

static uint32_t used = 1; /* atomic */
static uint32_t crowd = CROWD_LEAST;
static bool hopeless; /* nearly all numbers are in use for good: no collection would help */

bool stamp_start(void)
{
    stamps = os_reserve(STAMP_MAX * sizeof *stamps);
    return stamps != NULL;
}

/* The first of n consecutive numbers; 0: there are no more. */
static uint32_t reserve(uint32_t n)
{
    uint32_t at = __atomic_load_n(&used, __ATOMIC_RELAXED);
    do {
        if (STAMP_MAX - at < n) {
            if (!hopeless)
                __atomic_store_n(&collection_wanted, 1, __ATOMIC_RELAXED);
            return 0;
        }
    } while (!__atomic_compare_exchange_n(&used, &at, at + n, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    if (at + n > crowd)
        __atomic_store_n(&collection_wanted, 1, __ATOMIC_RELAXED);
    return at;
}

static size_t cache_bytes(const struct stamp_reserve *r)
{
    return ((size_t)STAMP_WAYS << (32 - r->cache_shift)) * sizeof *r->cache;
}

static bool new_cache(struct stamp_reserve *r, uint32_t shift)
{
    r->cache_shift = shift;
    r->cache = arena_alloc(cache_bytes(r));
    if (r->cache)
        zero_bytes(r->cache, cache_bytes(r));
    return r->cache != NULL;
}

static void show(uint32_t first, uint32_t n, four_cells *low, four_signed *span)
{
    *low = in_all((first << CELL_STAMP_SHIFT) + SPAN_MOVED);
    *span = (four_signed)in_all((n << CELL_STAMP_SHIFT) + SPAN_MOVED);
}
static void show_now(struct stamp_reserve *r)
{
    struct stamp_own *own = r->own;
    show(r->first, r->limit - r->first, &own->low, &own->span);
}
static void show_own(struct stamp_reserve *r)
{
    show(r->stretch, r->limit - r->stretch, &r->own->own_low, &r->own->own_span);
}
/* Nobody has taken a number between `stretch` and the next one but the actor. */
static void begin_own(struct stamp_reserve *r)
{
    r->stretch = r->next;
    show_own(r);
}

/* From the next number on they are of this epoch. What the cache has is not. */
static void begin(struct stamp_reserve *r)
{
    r->first = r->next;
    show_now(r);
    r->used = false;
    if (++r->generation == 0) {
        zero_bytes(r->cache, cache_bytes(r));
        r->generation = 1;
    }
}

bool stamp_reserve_start(struct stamp_reserve *r, struct stamp_own *own)
{
    *r = (struct stamp_reserve){.own = own, .size = RESERVE_FIRST};
    if (!new_cache(r, CACHE_FIRST))
        return false;
    begin_own(r);
    begin(r);
    return true;
}

void stamp_reserve_end(struct stamp_reserve *r)
{
    arena_free(r->cache, cache_bytes(r));
    r->cache = NULL;
}

/* Puts `x` first into its set. */
static void put_first(struct stamp_reserve *r, struct stamp_cached x)
{
    struct stamp_cached *set = stamp_place(r, x.stack, x.meta);
    for (unsigned i = STAMP_WAYS - 1; i > 0; i--)
        set[i] = set[i - 1];
    set[0] = x;
}

static void grow_cache(struct stamp_reserve *r)
{
    const struct stamp_reserve old = *r;
    if (!new_cache(r, r->cache_shift - 1)) {
        r->cache = old.cache;
        r->cache_shift = old.cache_shift;
        return;
    }
    for (size_t i = 0; i < (size_t)STAMP_WAYS << (32 - old.cache_shift); i++)
        if (old.cache[i].generation == r->generation)
            put_first(r, old.cache[i]);
    arena_free(old.cache, cache_bytes(&old));
}

void stamp_reserve_renew(struct stamp_reserve *r, uint32_t slot, bool lent)
{
    const struct part *p = &parts[slot];
    r->spare = r->spare_end = 0;
    r->kept = p->next - p->first;
    r->next = p->next;
    r->stretch = lent ? p->next : p->first;
    r->limit = p->end;
    show_own(r);
    begin(r);
}

void stamp_reserve_resume(struct stamp_reserve *r, struct stamp_own *own)
{
    r->own = own;
    begin_own(r);
    begin(r);
}

void stamp_new_epoch(struct stamp_reserve *r)
{
    if (r->used)
        begin(r);
}

static bool new_reserve(struct stamp_reserve *r)
{
    uint32_t at = reserve(r->size);
    if (!at)
        return false;
    const bool goes_on = at == r->limit;
    r->limit = at + r->size;
    if (r->size < RESERVE_LAST)
        r->size *= 2;
    if (goes_on) {
        show_now(r);
        show_own(r);
    } else {
        r->next = at;
        begin_own(r);
        begin(r);
    }
    return true;
}

uint32_t stamp_slow(struct stamp_reserve *r, who_t who, uint32_t stack, uint32_t meta)
{
    struct stamp_cached *set = stamp_place(r, stack, meta);
    for (unsigned i = 1; i < STAMP_WAYS; i++) {
        const struct stamp_cached x = set[i];
        if (x.stack != stack || x.meta != meta || x.generation != r->generation)
            continue;
        for (; i > 0; i--)
            set[i] = set[i - 1];
        set[0] = x;
        return x.number;
    }
    if (r->next == r->limit && !new_reserve(r))
        return 0;
    if (set[STAMP_WAYS - 1].generation == r->generation && r->cache_shift > CACHE_LAST)
        grow_cache(r);
    const uint32_t number = stamp_next(r, who, stack, meta);
    put_first(r, (struct stamp_cached){stack, meta, r->generation, number});
    return number;
}

#define SPARE (STAMP_MAX / 65536 + 16u)
#define LINE_STAMPS (uint32_t)(64 / sizeof(struct stamp))

uint32_t stamp_apart(struct stamp_reserve *r, who_t who, uint32_t stack, uint32_t meta)
{
    if (r->spare == r->spare_end) {
        const uint32_t first = reserve(SPARE);
        if (!first)
            return 0;
        /* In lines of its own: some change (standing.h). */
        r->spare = (first + LINE_STAMPS - 1) & ~(LINE_STAMPS - 1);
        r->spare_end = (first + SPARE) & ~(LINE_STAMPS - 1);
    }
    uint32_t number = r->spare++;
    stamps[number] = (struct stamp){who, stack, meta};
    r->made++;
    return number;
}

/* ---- collection ------------------------------------------------------------------------------------------------------ */

/* What a collection works with stays for the next one, unless it is large: with many short-lived actors one comes every few
 * milliseconds, and new pages would cost as much as all else in it. */
#define STAYS ((size_t)2 << 20)

static struct stamp *fresh; /* all 0 between collections */
static uint32_t nfresh;
static uint32_t *notes;        /* all 0 between collections */
static uint32_t *heads, *next; /* hash chains over `fresh`; heads are 0 between collections */
static uint32_t heads_mask;

static bool reserved(void **table, size_t element)
{
    if (!*table)
        *table = os_reserve(STAMP_MAX * element);
    return *table != NULL;
}

static size_t whole_pages(size_t size)
{
    return (size + OS_PAGE - 1) & ~(size_t)(OS_PAGE - 1);
}

/* Of the first `size` bytes; the rest was not touched. False: they are 0 now. */
static bool stays(void *table, size_t size)
{
    if (size <= STAYS)
        return true;
    os_drop(table, whole_pages(size));
    return false;
}

static void clear(void *table, size_t size)
{
    if (stays(table, size))
        zero_bytes(table, size);
}

bool stamp_renew_begin(uint32_t nslots)
{
    /* As many chains as there will likely be stamps: a table for all that there were is one that no cache holds. */
    uint32_t size = 1024;
    while (size < used / 32 + 2 * nrenewed)
        size *= 2;
    if (size > STAMP_MAX)
        size = STAMP_MAX;
    heads_mask = size - 1;
    nfresh = 1;
    nrenewed = 0;
    nparts = nslots;
    if (!reserved((void **)&fresh, sizeof *fresh) || !reserved((void **)&notes, sizeof *notes) ||
        !reserved((void **)&next, sizeof *next) || !reserved((void **)&heads, sizeof *heads) ||
        !(parts = os_reserve(nparts * sizeof *parts)))
        return false;
    os_populate(notes, whole_pages(used * sizeof *notes));
    for (uint32_t n = 1; n < used; n++)
        if (stamps[n].who && who_slot(stamps[n].who) < nparts)
            parts[who_slot(stamps[n].who)].old++;
    return true;
}

#define TOGETHER_MAX (STAMP_MAX / 4)
#define TOGETHER_LEAST (STAMP_MAX / 1024)

void stamp_renew_together(const struct stamp_reserve *r, uint32_t slot, uint32_t of)
{
    struct part *p = &parts[slot];
    const uint32_t more = r->size < TOGETHER_MAX / of ? r->size : TOGETHER_MAX / of;
    const uint32_t likely_kept = 2 * r->kept + TOGETHER_LEAST;
    const uint32_t kept = p->old < likely_kept ? p->old : likely_kept;
    if (!r->made || TOGETHER_MAX - nfresh < kept + more)
        return;
    p->first = p->next = nfresh;
    p->end = nfresh += kept + more;
}

uint32_t *stamp_notes(void)
{
    return notes;
}

uint32_t stamp_renew(const struct stamp *s)
{
    uint64_t h = (s->who ^ ((uint64_t)s->stack << 32 | s->meta) * 0x9e3779b97f4a7c15u) * 0xc2b2ae3d27d4eb4fu;
    uint32_t *head = &heads[(uint32_t)(h >> 36) & heads_mask];
    for (uint32_t n = *head; n; n = next[n])
        if (fresh[n].who == s->who && fresh[n].stack == s->stack && fresh[n].meta == s->meta)
            return n;
    struct part *p = &parts[who_slot(s->who)];
    if (p->next == p->end && nfresh == STAMP_MAX)
        return 0;
    const uint32_t number = p->next < p->end ? p->next++ : nfresh++;
    nrenewed++;
    fresh[number] = *s;
    next[number] = *head;
    *head = number;
    return number;
}

/* Numbers [from, to) of the table in use become what they are in `fresh`, or none. */
static void put(uint32_t from, uint32_t to)
{
    copy_bytes(stamps + from, fresh + from, (to - from) * sizeof *stamps);
}
static void put_none(uint32_t from, uint32_t to)
{
    if (from < used)
        zero_bytes(stamps + from, ((to < used ? to : used) - from) * sizeof *stamps);
}

/* From fresh into the table in use, whose memory stays as far as it will be needed before the next collection. */
static void put_in_place(void)
{
    uint32_t parts_end = 1;
    for (uint32_t i = 0; i < nparts; i++) {
        const struct part *p = &parts[i];
        put(p->first, p->next);
        put_none(p->next, p->end);
        parts_end = p->end > parts_end ? p->end : parts_end;
    }
    put(parts_end, nfresh);
    const size_t before = used * sizeof *stamps, needed = whole_pages(crowd * sizeof *stamps);
    put_none(nfresh, crowd);
    if (before > needed)
        clear((char *)stamps + needed, before - needed);
    clear(fresh, nfresh * sizeof *fresh);
}

void stamp_renew_end(uint32_t afford)
{
    const uint64_t due = (uint64_t)nfresh + (nrenewed + CROWD_LEAST > afford ? nrenewed + CROWD_LEAST : afford);
    crowd = due < STAMP_MAX ? (uint32_t)due : STAMP_MAX;
    put_in_place();
    clear(notes, used * sizeof *notes);
    stays(next, nfresh * sizeof *next);
    clear(heads, (heads_mask + (size_t)1) * sizeof *heads);
    os_unmap(parts, nparts * sizeof *parts);
    used = nfresh;
    hopeless = nfresh > STAMP_MAX - STAMP_MAX / 16;
}
