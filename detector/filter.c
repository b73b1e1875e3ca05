/* The two sieves for repetition (filter.h): sets of 64-bit keys in mapped memory that only grow.
 *
 * Readers take no lock. A table is never changed in place but for slots that go from 0 to a key, and when it is half
 * full its keys go to one of twice the size, which is published after it is filled; the old one stays mapped, because a
 * reader may still be in it (all old ones together are smaller than the present one). Writers hold the reporter's lock.
 * When there is no memory to grow, nothing is remembered any more: findings are repeated, never lost. */
#include "filter.h"

#include "os.h"

struct keys {
    size_t size; /* slots, a power of two */
    size_t n;
    uint64_t at[];
};

#define FIRST_SIZE 1024

static struct keys *known_pairs; /* bit 0 of a key: suppressed */
static struct keys *printed;

static uint64_t mixed(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9fb21c651e98df25u;
    return h ^ (h >> 32);
}

static uint64_t *slot_of(struct keys *k, uint64_t key, uint64_t ignored)
{
    size_t i = (size_t)mixed(0, key & ~ignored) & (k->size - 1);
    for (;; i = (i + 1) & (k->size - 1)) {
        uint64_t there = __atomic_load_n(&k->at[i], __ATOMIC_RELAXED);
        if (there == 0 || (there & ~ignored) == (key & ~ignored))
            return &k->at[i];
    }
}

/* The key as it was added, 0 when it was not. */
static uint64_t keys_find(struct keys *const *set, uint64_t key, uint64_t ignored)
{
    struct keys *k = __atomic_load_n(set, __ATOMIC_ACQUIRE); /* pairs with the release in keys_grow */
    return k ? __atomic_load_n(slot_of(k, key, ignored), __ATOMIC_RELAXED) : 0;
}

static struct keys *keys_grow(struct keys **set, uint64_t ignored)
{
    struct keys *old = *set;
    size_t size = old ? old->size * 2 : FIRST_SIZE;
    struct keys *k = os_reserve(sizeof *k + size * sizeof *k->at);
    if (!k)
        return NULL;
    k->size = size;
    for (size_t i = 0; old && i < old->size; i++)
        if (old->at[i])
            *slot_of(k, old->at[i], ignored) = old->at[i];
    k->n = old ? old->n : 0;
    __atomic_store_n(set, k, __ATOMIC_RELEASE);
    return k;
}

static void keys_add(struct keys **set, uint64_t key, uint64_t ignored)
{
    struct keys *k = *set;
    if ((!k || 2 * (k->n + 1) > k->size) && !(k = keys_grow(set, ignored)))
        return;
    __atomic_store_n(slot_of(k, key, ignored), key, __ATOMIC_RELAXED);
    k->n++;
}

/* Bit 0 is left for `suppressed`, bit 1 keeps the key from being 0. */
static uint64_t pair_key(const struct finding *f)
{
    uint64_t side[2];
    for (int i = 0; i < 2; i++) {
        const struct finding_access *a = &f->access[i];
        side[i] = mixed((uint64_t)a->stack << 8 | a->kind, a->stack ? 0 : a->addr);
    }
    uint64_t low = side[0] < side[1] ? side[0] : side[1], high = side[0] ^ side[1] ^ low;
    return (mixed(mixed(f->kind + 1, low), high) & ~(uint64_t)3) | 2;
}

enum filter_known filter_known(const struct finding *f)
{
    uint64_t key = keys_find(&known_pairs, pair_key(f), 1);
    return key == 0 ? FILTER_NEW : key & 1 ? FILTER_KNOWN_SUPPRESSED : FILTER_KNOWN;
}

void filter_remember(const struct finding *f, bool suppressed)
{
    keys_add(&known_pairs, pair_key(f) | suppressed, 1);
}

bool filter_first(uint64_t fingerprint)
{
    fingerprint |= fingerprint == 0;
    if (keys_find(&printed, fingerprint, 0))
        return false;
    keys_add(&printed, fingerprint, 0);
    return true;
}

void filter_forget(void)
{
    known_pairs = NULL;
    printed = NULL;
}
