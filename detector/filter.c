/* The two sieves for repetition (filter.h), sets of keys that the reporter's lock guards against other writers. When there
 * is no memory to grow, nothing is remembered any more: findings are repeated, never lost. */
#include "filter.h"

#include "keys.h"

static struct keys *known_pairs; /* bit 0 of a key: suppressed */
static struct keys *printed;

/* Bit 0 is left for `suppressed`, bit 1 keeps the key from being 0. */
static uint64_t pair_key(const struct finding *f)
{
    if (f->kind != FINDING_RACE) {
        uint64_t sum = 0;
        for (int i = 0; i < f->nsteps; i++) {
            const struct finding_step *s = &f->steps[i];
            uint64_t held = s->role == STEP_ACQUIRES && s->held ? s->held[0].stack : 0;
            sum += keys_mix(keys_mix((uint64_t)s->stack << 8 | s->role, held), s->stack ? 0 : s->addr);
        }
        return (keys_mix(keys_mix(f->kind + 1, f->misuse), sum) & ~(uint64_t)3) | 2;
    }
    uint64_t side[2];
    for (int i = 0; i < 2; i++) {
        const struct finding_access *a = &f->access[i];
        side[i] = keys_mix((uint64_t)a->stack << 8 | a->kind, a->stack ? 0 : a->addr);
    }
    uint64_t low = side[0] < side[1] ? side[0] : side[1], high = side[0] ^ side[1] ^ low;
    return (keys_mix(keys_mix(f->kind + 1, low), high) & ~(uint64_t)3) | 2;
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
