/* See state.h. Records are cut from chunks of 4,096, each of blocks of one size. `lock` guards chunks and free lists;
 * hash chains are lock-free and only grow at their heads between collections. */
#include "state.h"

struct access *states;

#define CHUNK_RECORDS 4096u
#define CHUNKS (STATE_MAX / CHUNK_RECORDS)
#define HEADS_FIRST (1u << 16)
#define CROWD_LEAST (1u << 17)

static uint32_t *next;  /* by state number: hash chain, or free list */
static uint32_t *heads;
static uint32_t heads_mask;
static uint8_t chunk_class[CHUNKS]; /* log2 of the records in a block, plus 1; 0: the chunk is free */
static uint32_t nchunks = 1;        /* chunk 0 holds states 0 and STATE_BUSY */
static uint32_t chunk_free;         /* lowest chunk that may be free again */
static uint32_t block_free[STATE_CLASSES];
static struct {
    uint32_t at, end;
} cut[STATE_CLASSES]; /* the chunk that blocks are being cut from */
static struct oslock lock;
static uint32_t made_since; /* records, since the last collection */
static uint32_t crowd = CROWD_LEAST;
static uint64_t *marks;
static uint32_t *notes;
static size_t marks_size, notes_size;

static const struct access nothing = {WHO_NOBODY, 0, META_LIST};

bool state_start(void)
{
    states = os_reserve(STATE_MAX * sizeof *states);
    next = os_reserve(STATE_MAX * sizeof *next);
    heads = os_reserve(HEADS_FIRST * sizeof *heads);
    heads_mask = HEADS_FIRST - 1;
    if (!states || !next || !heads)
        return false;
    os_huge(states, STATE_MAX * sizeof *states);
    states[0] = states[STATE_BUSY] = nothing;
    chunk_free = 1;
    return true;
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

static unsigned class_of(uint32_t n)
{
    return n == 1 ? 0 : n <= 3 ? 2 : 32 - (unsigned)__builtin_clz(n);
}

/* Caller holds `lock`. */
static bool new_chunk(unsigned class)
{
    while (chunk_free < nchunks && chunk_class[chunk_free])
        chunk_free++;
    uint32_t c = chunk_free < nchunks ? chunk_free : nchunks < CHUNKS ? nchunks++ : 0;
    if (!c)
        return false;
    chunk_class[c] = (uint8_t)(class + 1);
    cut[class].at = c * CHUNK_RECORDS;
    cut[class].end = cut[class].at + CHUNK_RECORDS;
    return true;
}

/* Caller holds `lock`. 0 when full. */
static uint32_t block(unsigned class)
{
    uint32_t s = block_free[class];
    if (s) {
        block_free[class] = next[s];
    } else {
        if (cut[class].at == cut[class].end && !new_chunk(class))
            return 0;
        s = cut[class].at;
        cut[class].at += 1u << class;
    }
    return s;
}

/* Large blocks are taken one by one. Of the small ones the lowest comes first: what is accessed one after the other
 * gets neighbouring states. */
static uint32_t take(struct state_stock *stock, unsigned class)
{
    const bool small = class < sizeof stock->n / sizeof *stock->n;
    stock->made++;
    if (small && likely(stock->n[class]))
        return stock->block[class][--stock->n[class]];
    uint32_t got[STATE_STOCK], n = 0;
    os_lock(&lock);
    while (n < (small ? STATE_STOCK : 1) && (got[n] = block(class)) != 0)
        states[got[n++]] = nothing;
    made_since += n << class;
    os_unlock(&lock);
    for (uint32_t i = n; i-- > 1;)
        stock->block[class][stock->n[class]++] = got[i];
    return n ? got[0] : 0;
}

static void put_back(struct state_stock *stock, uint32_t s, unsigned class)
{
    states[s] = nothing;
    stock->made--;
    if (stock->n[class] < STATE_STOCK)
        stock->block[class][stock->n[class]++] = s;
    /* else it is found by the next sweep */
}

/* ---- records ------------------------------------------------------------------------------------------------------- */

static struct access list_record(uint32_t n, bool is_private)
{
    return (struct access){WHO_NOBODY, 0, meta_pack_list(n, is_private)};
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint32_t *head_of(const struct access *record, const struct access *list, uint32_t n)
{
    uint64_t h = record->meta;
    for (uint32_t i = 0; i < n; i++)
        h = mix(mix(h, list[i].who), (uint64_t)list[i].stack << 32 | list[i].meta);
    return &heads[(h >> 20) & heads_mask];
}

static bool same(const struct access *a, const struct access *b)
{
    return a->who == b->who && a->stack == b->stack && a->meta == b->meta;
}

static uint32_t find(uint32_t from, uint32_t until, const struct access *record, const struct access *list, uint32_t n)
{
    for (uint32_t s = from; s != until; s = next[s]) {
        const struct access *d = &states[s];
        if (same(d, record) && (n == 1 || (same(&d[1], &list[0]) && same(&d[2], &list[1]))))
            return s;
    }
    return 0;
}

static uint32_t intern(struct state_stock *stock, struct access *list, uint32_t n)
{
    struct access record = list[0];
    if (n == 2) {
        if (list[1].who < list[0].who || (list[1].who == list[0].who && list[1].stack < list[0].stack)) {
            record = list[0];
            list[0] = list[1];
            list[1] = record;
        }
        record = list_record(n, false);
    }
    uint32_t *head = head_of(&record, list, n);
    uint32_t first = __atomic_load_n(head, __ATOMIC_ACQUIRE);
    uint32_t s = find(first, 0, &record, list, n);
    if (s)
        return s;
    s = take(stock, class_of(n));
    if (!s)
        return 0;
    states[s] = record;
    for (uint32_t i = 0; n > 1 && i < n; i++)
        states[s + 1 + i] = list[i];
    for (;;) {
        uint32_t seen = first;
        next[s] = first;
        if (__atomic_compare_exchange_n(head, &first, s, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return s;
        uint32_t twin = find(first, seen, &record, list, n);
        if (twin) {
            put_back(stock, s, class_of(n));
            return twin;
        }
    }
}

#define INTERNED 2 /* accesses at most in an interned state */

uint32_t state_make(struct state_stock *stock, struct access *list, uint32_t n)
{
    if (n <= INTERNED)
        return intern(stock, list, n);
    if (n > STATE_LIST_MAX)
        return 0;
    uint32_t s = take(stock, class_of(n));
    if (!s)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        states[s + 1 + i] = list[i];
    states[s] = list_record(n, true);
    return s;
}

bool state_change(uint32_t s, const struct access *list, uint32_t n)
{
    struct access *d = &states[s];
    if (n >> (chunk_class[s / CHUNK_RECORDS] - 1) || n <= 1)
        return false;
    for (uint32_t i = 0; i < n; i++)
        d[1 + i] = list[i];
    d->meta = meta_pack_list(n, true);
    return true;
}

bool state_crowded(void)
{
    return __atomic_load_n(&made_since, __ATOMIC_RELAXED) > __atomic_load_n(&crowd, __ATOMIC_RELAXED);
}

/* ---- collection ---------------------------------------------------------------------------------------------------- */

static bool marked(uint32_t s)
{
    return marks[s / 64] >> (s & 63) & 1;
}

/* Room for chunks that the collection itself adds. */
static size_t records_to_come(void)
{
    size_t n = ((size_t)nchunks * 2 + 64) * CHUNK_RECORDS;
    return n < STATE_MAX ? n : STATE_MAX;
}

bool state_mark_begin(void)
{
    marks_size = records_to_come() / 8;
    notes_size = records_to_come() * sizeof *notes;
    marks = os_reserve(marks_size);
    notes = os_reserve(notes_size);
    if (marks && notes)
        return true;
    if (marks)
        os_unmap(marks, marks_size);
    if (notes)
        os_unmap(notes, notes_size);
    return false;
}

uint32_t *state_note(uint32_t s)
{
    return &notes[s];
}

bool state_mark(uint32_t s)
{
    uint64_t bit = (uint64_t)1 << (s & 63);
    if (marks[s / 64] & bit)
        return false;
    marks[s / 64] |= bit;
    return true;
}

static void fit_heads(uint32_t live)
{
    size_t size = (size_t)heads_mask + 1;
    size_t bigger = size;
    while (live > bigger)
        bigger *= 2;
    uint32_t *table = os_reserve(bigger * sizeof *table);
    if (!table) {
        for (size_t i = 0; i < size; i++)
            heads[i] = 0;
        return;
    }
    os_unmap(heads, size * sizeof *heads);
    heads = table;
    heads_mask = (uint32_t)(bigger - 1);
}

/* From the top, so that the free lists are in the order of addresses. */
void state_sweep(void)
{
    uint32_t live = 0, interned = 0;
    for (size_t i = 0; i < marks_size / sizeof *marks; i++)
        interned += (uint32_t)__builtin_popcountl(marks[i]);
    fit_heads(interned);
    for (unsigned c = 0; c < STATE_CLASSES; c++)
        block_free[c] = cut[c].at = cut[c].end = 0;
    chunk_free = nchunks;
    for (uint32_t c = nchunks; c-- > 1;) {
        if (!chunk_class[c])
            continue;
        const unsigned class = chunk_class[c] - 1;
        const uint32_t first = c * CHUNK_RECORDS, step = 1u << class;
        uint32_t before = block_free[class], kept = 0;
        for (uint32_t s = first + CHUNK_RECORDS; s > first;) {
            s -= step;
            if (marked(s)) {
                kept++;
                if (!state_is_private(s)) {
                    uint32_t n;
                    const struct access *list = state_list(s, &n);
                    uint32_t *head = head_of(&states[s], list, n);
                    next[s] = *head;
                    *head = s;
                }
                continue;
            }
            states[s] = nothing;
            next[s] = block_free[class];
            block_free[class] = s;
        }
        if (!kept) {
            block_free[class] = before;
            chunk_class[c] = 0;
            chunk_free = c;
            os_drop(&states[first], CHUNK_RECORDS * sizeof *states);
        }
        live += kept * step;
    }
    os_unmap(marks, marks_size);
    os_unmap(notes, notes_size);
    made_since = 0;
    crowd = 2 * live > CROWD_LEAST ? 2 * live : CROWD_LEAST;
}
