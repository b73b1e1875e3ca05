/* See state.h. `used`, the free lists and the list arena are guarded by `lock`; chains are lock-free. */
#include "state.h"

struct access *states;

static uint32_t *next;        /* hash chain of each state, or free list */
static uint32_t *heads;       /* chains only grow at their heads between collections */
static uint32_t heads_mask;
static struct access *lists;  /* arena of list bodies */
static uint32_t lists_used = 1;
static uint32_t lists_free[13]; /* by power of two; linked through `stack` of the first record */
static uint32_t used = STATE_BUSY + 1; /* state numbers handed out so far */
static uint32_t free_first;     /* free numbers, linked through next[] */
static uint32_t made_since;     /* since the last collection */
static uint32_t crowd = 1u << 19;
static uint64_t made;
static struct oslock lock;
static uint64_t *marks;
static size_t marks_size;

#define LISTS_MAX ((1u << 28) - 1)
#define HEADS_FIRST (1u << 16)

bool state_start(void)
{
    states = os_reserve((STATE_MAX + (size_t)1) * sizeof *states);
    next = os_reserve((STATE_MAX + (size_t)1) * sizeof *next);
    lists = os_reserve((LISTS_MAX + (size_t)1) * sizeof *lists);
    heads = os_reserve(HEADS_FIRST * sizeof *heads);
    heads_mask = HEADS_FIRST - 1;
    if (!states || !next || !lists || !heads)
        return false;
    states[0] = states[STATE_BUSY] = (struct access){WHO_NOBODY, 0, META_LIST};
    return true;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t hash_of(const struct access *list, uint32_t n, who_t owner)
{
    uint64_t h = mix(n, owner);
    for (uint32_t i = 0; i < n; i++)
        h = mix(mix(h, list[i].who), (uint64_t)list[i].stack << 32 | list[i].meta);
    return h;
}

static bool before(const struct access *a, const struct access *b)
{
    if (a->who != b->who)
        return a->who < b->who;
    if (a->stack != b->stack)
        return a->stack < b->stack;
    return a->meta < b->meta;
}

/* Histories differ from their predecessors in one place, so an insertion sort is nearly a scan. */
static void sort(struct access *list, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        struct access x = list[i];
        uint32_t j = i;
        for (; j > 0 && before(&x, &list[j - 1]); j--)
            list[j] = list[j - 1];
        list[j] = x;
    }
}

static bool same(const struct access *a, const struct access *b)
{
    return a->who == b->who && a->stack == b->stack && a->meta == b->meta;
}

const struct access *state_list(uint32_t s, uint32_t *n)
{
    const struct access *d = &states[s];
    if (!(d->meta & META_LIST)) {
        *n = 1;
        return d;
    }
    *n = meta_count(d->meta);
    return &lists[d->stack];
}

/* `first` says what the record of the state would be; for a list its `stack` is not compared. */
static uint32_t find(uint32_t from, uint32_t until, const struct access *record, const struct access *list, uint32_t n)
{
    for (uint32_t s = from; s != until; s = next[s]) {
        const struct access *d = &states[s];
        if (d->who != record->who || d->meta != record->meta)
            continue;
        if (n == 1) {
            if (d->stack == record->stack)
                return s;
            continue;
        }
        const struct access *body = &lists[d->stack];
        uint32_t i = 0;
        while (i < n && same(&body[i], &list[i]))
            i++;
        if (i == n)
            return s;
    }
    return 0;
}

static unsigned list_class(uint32_t n)
{
    return n <= 2 ? 1 : 32 - (unsigned)__builtin_clz(n - 1);
}

/* Caller holds `lock`. 0 when full. */
static uint32_t take_number(void)
{
    uint32_t s = free_first;
    if (s) {
        free_first = next[s];
    } else if (used < STATE_MAX) {
        s = used++;
    }
    return s;
}

static uint32_t take_list(unsigned c)
{
    uint32_t at = lists_free[c];
    if (at) {
        lists_free[c] = lists[at].stack;
        return at;
    }
    if (lists_used + (1u << c) > LISTS_MAX)
        return 0;
    at = lists_used;
    lists_used += 1u << c;
    return at;
}

static void give_back(uint32_t s, uint32_t at, unsigned c)
{
    os_lock(&lock);
    states[s] = (struct access){WHO_NOBODY, 0, META_LIST};
    next[s] = free_first;
    free_first = s;
    if (at) {
        lists[at].stack = lists_free[c];
        lists_free[c] = at;
    }
    os_unlock(&lock);
}

/* A state number and, for class > 0, the body of a list. 0 when full. */
static uint32_t take(unsigned class, uint32_t *body)
{
    os_lock(&lock);
    uint32_t s = take_number();
    uint32_t at = s && class ? take_list(class) : 0;
    if (s) {
        made++;
        made_since++;
    }
    os_unlock(&lock);
    if (s && class && !at) {
        give_back(s, 0, 0);
        return 0;
    }
    *body = at;
    return s;
}

static struct access list_record(const struct access *list, uint32_t n, who_t owner, unsigned raced)
{
    unsigned reads = 0, writes = 0;
    for (uint32_t i = 0; i < n; i++) {
        unsigned kind = KIND_BIT(meta_kind(list[i].meta));
        if (list[i].who != owner)
            continue;
        if (kind & kind_covered_by(ACCESS_READ))
            reads |= meta_mask(list[i].meta);
        if (kind & kind_covered_by(ACCESS_WRITE))
            writes |= meta_mask(list[i].meta);
    }
    return (struct access){owner, 0, meta_pack_list(reads & ~raced, writes & ~raced, n)};
}

uint32_t state_intern(struct access *list, uint32_t n, who_t owner, unsigned raced)
{
    struct access record = list[0];
    if (n > 1) {
        sort(list, n);
        record = list_record(list, n, owner, raced);
    }
    uint64_t h = hash_of(list, n, record.who);
    uint32_t *head = &heads[(h >> 20) & heads_mask];
    uint32_t first = __atomic_load_n(head, __ATOMIC_ACQUIRE);
    uint32_t s = find(first, 0, &record, list, n);
    if (s)
        return s;

    uint32_t at = 0;
    s = take(n > 1 ? list_class(n) : 0, &at);
    if (!s)
        return 0;
    for (uint32_t i = 0; at && i < n; i++)
        lists[at + i] = list[i];
    record.stack = at ? at : record.stack;
    states[s] = record;
    for (;;) {
        uint32_t seen = first;
        next[s] = first;
        if (__atomic_compare_exchange_n(head, &first, s, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return s;
        uint32_t twin = find(first, seen, &record, list, n);
        if (twin) {
            give_back(s, at, list_class(n));
            return twin;
        }
    }
}

uint32_t state_private(const struct access *list, uint32_t n, who_t owner, unsigned raced)
{
    unsigned room = list_class(n);
    uint32_t at, s = take(room, &at);
    if (!s)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        lists[at + i] = list[i];
    struct access record = list_record(list, n, owner, raced);
    record.stack = at;
    record.meta = meta_pack_private(record.meta, room);
    states[s] = record;
    return s;
}

bool state_change(uint32_t s, const struct access *list, uint32_t n, who_t owner, unsigned raced)
{
    struct access *d = &states[s];
    unsigned room = meta_room(d->meta);
    if (n > 1u << room)
        return false;
    struct access *body = &lists[d->stack];
    for (uint32_t i = 0; i < n; i++)
        body[i] = list[i];
    struct access record = list_record(list, n, owner, raced);
    __atomic_store_n(&d->who, WHO_NOBODY, __ATOMIC_RELEASE);
    __atomic_store_n(&d->meta, meta_pack_private(record.meta, room), __ATOMIC_RELEASE);
    __atomic_store_n(&d->who, owner, __ATOMIC_RELEASE);
    return true;
}

bool state_prefers_private(const struct access *list, uint32_t n)
{
    if (n < 3 || n > STATE_PRIVATE_MAX)
        return false;
    unsigned epochs = 1;
    for (uint32_t i = 1; i < n; i++)
        epochs += list[i].who != list[i - 1].who;
    return epochs > 2 || n > 4;
}

bool state_crowded(void)
{
    return __atomic_load_n(&made_since, __ATOMIC_RELAXED) > __atomic_load_n(&crowd, __ATOMIC_RELAXED);
}

uint64_t state_made(void)
{
    return __atomic_load_n(&made, __ATOMIC_RELAXED);
}

bool state_mark_begin(void)
{
    marks_size = ((size_t)used + 63) / 64 * sizeof *marks;
    marks_size = (marks_size + OS_PAGE - 1) & ~(OS_PAGE - 1);
    marks = os_reserve(marks_size);
    return marks != NULL;
}

bool state_mark(uint32_t s)
{
    uint64_t bit = (uint64_t)1 << (s & 63);
    if (marks[s / 64] & bit)
        return false;
    marks[s / 64] |= bit;
    return true;
}

void state_sweep(void)
{
    uint32_t live = 0;
    for (uint32_t s = STATE_BUSY + 1; s < used; s++)
        live += marks[s / 64] >> (s & 63) & 1;

    size_t size = (size_t)heads_mask + 1;
    size_t bigger = size;
    while (live > bigger)
        bigger *= 2;
    uint32_t *table = os_reserve(bigger * sizeof *table);
    if (table) {
        os_unmap(heads, size * sizeof *heads);
        heads = table;
        heads_mask = (uint32_t)(bigger - 1);
    } else {
        for (size_t i = 0; i < size; i++)
            heads[i] = 0;
    }

    free_first = 0;
    for (uint32_t s = used; s-- > STATE_BUSY + 1;) {
        if (marks[s / 64] >> (s & 63) & 1) {
            if (state_is_private(s))
                continue;
            uint32_t n;
            const struct access *list = state_list(s, &n);
            uint32_t *head = &heads[(hash_of(list, n, states[s].who) >> 20) & heads_mask];
            next[s] = *head;
            *head = s;
            continue;
        }
        struct access *d = &states[s];
        if (d->who != WHO_NOBODY && d->meta & META_LIST && d->stack) {
            unsigned c = meta_private(d->meta) ? meta_room(d->meta) : list_class(meta_count(d->meta));
            lists[d->stack].stack = lists_free[c];
            lists_free[c] = d->stack;
        }
        *d = (struct access){WHO_NOBODY, 0, META_LIST};
        next[s] = free_first;
        free_first = s;
    }
    os_unmap(marks, marks_size);
    made_since = 0;
    crowd = live > 1u << 19 ? live : 1u << 19;
}
