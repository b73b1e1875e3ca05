/* See lockset.h. `lock` guards changes of the table, which is looked at without it: between collections sets only come, each whole
 * before it stands in a chain. An actor's own list of held locks (lock.c) is its own. */
#include "lockset.h"

#include "lock.h"

struct lockset {
    uint32_t next; /* chain or free list */
    uint32_t n;
    bool used, marked;
    uint64_t hash;
    struct finding_lock *locks;
};

static struct lockset *sets; /* by number */
static uint32_t nsets = 1, sets_free;
static uint64_t lost;
static struct oslock lock;
#define HEADS (1u << 17) /* half of LOCKSET_MAX: chains are short, as each set in one is a line from memory */
/* A chain's first set, with what the number leaves of its hash above it: mostly nothing else has to be looked at. Sets are told apart
 * by 63 bits of hash alone. */
static uint64_t heads[HEADS];
#define NUMBER ((uint64_t)LOCKSET_LOST)
_Static_assert((NUMBER & (NUMBER + 1)) == 0, "a mask");

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static uint64_t hash_of(const struct actor *a)
{
    uint64_t h = a->nheld;
    for (uint32_t i = 0; i < a->nheld; i++)
        h = mix(mix(h, a->held[i].addr), (uint64_t)a->held[i].stack << 1 | a->held[i].exclusive);
    return h;
}

static uint64_t *bucket(uint64_t hash)
{
    return &heads[hash % HEADS];
}

/* Comes first in its chain. */
static void put_first(uint32_t s)
{
    uint64_t *head = bucket(sets[s].hash);
    sets[s].next = *head & NUMBER;
    __atomic_store_n(head, (sets[s].hash & ~NUMBER) | s, __ATOMIC_RELEASE); /* found */
}

/* Caller holds `lock`. */
static uint32_t add(const struct actor *a, uint64_t hash)
{
    if (!sets && !(sets = os_reserve(((size_t)LOCKSET_MAX + 1) * sizeof *sets)))
        return LOCKSET_LOST;
    struct finding_lock *locks = arena_alloc(a->nheld * sizeof *locks);
    uint32_t s = sets_free;
    if (s)
        sets_free = sets[s].next;
    else if (nsets < LOCKSET_MAX)
        s = nsets++;
    if (!s || !locks) {
        if (locks)
            arena_free(locks, a->nheld * sizeof *locks);
        lost++;
        return LOCKSET_LOST;
    }
    for (uint32_t i = 0; i < a->nheld; i++)
        locks[i] = held_describe(&a->held[i]);
    sets[s] = (struct lockset){0, a->nheld, true, false, hash, locks};
    put_first(s);
    return s;
}

/* 0: it is not among them. */
static uint32_t found(uint64_t hash)
{
    const uint64_t head = __atomic_load_n(bucket(hash), __ATOMIC_ACQUIRE); /* put_first */
    uint32_t s = head & NUMBER;
    if (likely(!((head ^ hash) & ~NUMBER)))
        return s;
    while (s && (sets[s].hash ^ hash) & ~NUMBER)
        s = sets[s].next;
    return s;
}

uint32_t lockset_slow(struct actor *a)
{
    const uint64_t hash = hash_of(a);
    uint32_t s = found(hash);
    if (!s) {
        os_lock(&lock);
        s = found(hash);
        if (!s)
            s = add(a, hash);
        os_unlock(&lock);
    }
    return a->lockset = s;
}

int lockset_describe(uint32_t set, struct finding_lock *locks)
{
    if (set == 0 || set == LOCKSET_LOST)
        return 0;
    os_lock(&lock);
    uint32_t n = sets[set].n;
    for (uint32_t i = 0; i < n && i < FINDING_LOCKS; i++)
        locks[i] = sets[set].locks[i];
    os_unlock(&lock);
    return (int)n;
}

int locks_describe(const struct actor *a, struct finding_lock *locks)
{
    for (uint32_t i = 0; i < a->nheld && i < FINDING_LOCKS; i++)
        locks[i] = held_describe(&a->held[i]);
    return (int)a->nheld;
}

uint64_t locksets_lost(void)
{
    return lost;
}

void lockset_mark_begin(void)
{
    for (uint32_t s = 1; s < nsets; s++)
        sets[s].marked = false;
    for (struct actor *a = actors_newest; a; a = a->older)
        lockset_mark(a->lockset);
}

void lockset_mark(uint32_t set)
{
    if (set && set < nsets)
        sets[set].marked = true;
}

void lockset_sweep(void)
{
    if (nsets <= 1) /* without locks its pages are never begun */
        return;
    for (uint32_t i = 0; i < HEADS; i++)
        heads[i] = 0;
    sets_free = 0;
    for (uint32_t s = 1; s < nsets; s++) {
        struct lockset *set = &sets[s];
        if (set->used && set->marked) {
            put_first(s);
            continue;
        }
        if (set->used)
            arena_free(set->locks, set->n * sizeof *set->locks);
        set->used = false;
        set->next = sets_free;
        sets_free = s;
    }
}
