#include "script.h"

#include <stdio.h>
#include <string.h>

const struct block_place script_blocks[SCRIPT_BLOCKS] = {{64, 40}, {112, 77}};

const unsigned script_atomics[ORACLE_LOCATIONS] = {0, 4, 24, 60, 100};

static const char *const STEP_NAMES[STEP_KINDS] = {"born",    "stranger", "end",    "join",    "detach", "acquire",
                                                   "release", "merge",    "forget", "access",  "atomic", "fence",
                                                   "fresh",   "alloc",    "free",   "collect", "ignore"};
static const char *const ATOMIC_NAMES[] = {"load", "store", "rmw", "failed-rmw"};
static const char *const ORDER_NAMES[] = {"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
static const char *const ACCESS_NAMES[] = {"read", "write", "atomic-read", "atomic-write", "free"};

uint64_t script_random(uint64_t *state)
{
    /* splitmix64: every state, also 0, gives a good stream. */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned below(uint64_t *state, unsigned n)
{
    return (unsigned)(script_random(state) % n);
}

static unsigned choose(uint64_t *state, const unsigned *weights, unsigned n)
{
    unsigned sum = 0, i = 0;
    for (unsigned k = 0; k < n; k++)
        sum += weights[k];
    for (unsigned left = below(state, sum); left >= weights[i]; i++)
        left -= weights[i];
    return i;
}

#define BURST 64 /* steps */

struct script_manner script_manner(uint64_t seed)
{
    uint64_t state = ~seed;
    struct script_manner m = {.sites = below(&state, 2) ? 0 : 2 + below(&state, 12)};
    m.from_main = below(&state, 2);
    m.green = below(&state, 2);
    return m;
}

void script_make(struct step *steps, int n, uint64_t seed)
{
    uint64_t state = seed;
    static const unsigned sizes[] = {1, 1, 2, 4, 4, 8, 8, 16, 3, 5, 7, 12, 24, 33, 64, 88};
    unsigned weights[STEP_KINDS] = {
        [STEP_BORN] = 5,     [STEP_STRANGER] = 1, [STEP_END] = 2,   [STEP_JOIN] = 2,   [STEP_DETACH] = 1,
        [STEP_ACQUIRE] = 12, [STEP_RELEASE] = 9,  [STEP_MERGE] = 5, [STEP_FORGET] = 1, [STEP_ATOMIC] = 12,
        [STEP_FENCE] = 2,    [STEP_ACCESS] = 60,  [STEP_FRESH] = 1, [STEP_ALLOC] = 2,  [STEP_FREE] = 2,
        [STEP_COLLECT] = 1,  [STEP_IGNORE] = 1};
    unsigned kinds[4] = {1 + below(&state, 8), 1 + below(&state, 8), below(&state, 4), below(&state, 4)};
    bool crowd = !below(&state, 24); /* many actors on two granules: long histories */
    bool bursts = !crowd && !below(&state, 4); /* one actor for a while, in two granules, that a page stays its own */
    unsigned places = crowd ? SCRIPT_PLACES : 2 + below(&state, 12);
    unsigned arena = crowd || bursts || below(&state, 2) ? 16 : SCRIPT_RAW + 125;
    unsigned keys = 1 + below(&state, 8);
    bool aligned = below(&state, 2);
    /* Some scripts hardly synchronise, some do little else; in some, actors come and go all the time. */
    weights[STEP_ACCESS] = below(&state, 3) ? 20 + below(&state, 100) : 8;
    weights[STEP_ACQUIRE] = 2 + below(&state, 30);
    weights[STEP_BORN] += below(&state, 20);
    weights[STEP_END] = weights[STEP_JOIN] = 2 + below(&state, 2) * below(&state, 30);
    weights[STEP_STRANGER] = below(&state, 2);
    weights[STEP_ATOMIC] = 4 + below(&state, 60);
    weights[STEP_FENCE] = below(&state, 12);
    if (crowd) {
        weights[STEP_ACCESS] = 400;
        weights[STEP_FRESH] = 0;
    }

    unsigned busy = 0;
    for (int i = 0; i < n; i++) {
        struct step *s = &steps[i];
        memset(s, 0, sizeof *s);
        s->kind = (unsigned)i < places && below(&state, 4) ? STEP_BORN : choose(&state, weights, STEP_KINDS);
        s->actor = (unsigned char)below(&state, places);
        s->size = (unsigned short)sizes[below(&state, sizeof sizes / sizeof *sizes)];
        s->offset = (unsigned short)below(&state, arena);
        if (aligned && (s->size & (s->size - 1)) == 0)
            s->offset -= s->offset % s->size;
        s->access = choose(&state, kinds, 4);
        s->fast = below(&state, 2);
        if (crowd && (unsigned)i < places)
            *s = (struct step){.kind = STEP_BORN, .other = (unsigned char)i};
        else if (crowd && s->kind == STEP_ACCESS)
            s->size = 1;
        if (bursts && i % BURST == 0)
            busy = s->actor;
        if (bursts && (unsigned)i >= places && i % BURST < BURST - 8) {
            s->kind = STEP_ACCESS;
            s->actor = (unsigned char)busy;
            s->fast = true;
            s->size = sizes[below(&state, 7)];
            s->offset -= s->offset % s->size;
        }
        switch (s->kind) {
        case STEP_BORN:
        case STEP_JOIN:
        case STEP_DETACH:
            if (!s->other)
                s->other = (unsigned char)below(&state, places);
            break;
        case STEP_ACQUIRE:
        case STEP_RELEASE:
        case STEP_MERGE:
        case STEP_FORGET:
            s->other = (unsigned char)below(&state, keys);
            break;
        case STEP_ATOMIC: {
            static const int load_orders[] = {__ATOMIC_RELAXED, __ATOMIC_ACQUIRE, __ATOMIC_SEQ_CST, __ATOMIC_CONSUME};
            static const int store_orders[] = {__ATOMIC_RELAXED, __ATOMIC_RELEASE, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED};
            s->other = (unsigned char)below(&state, below(&state, 2) ? 2 : ORACLE_LOCATIONS);
            s->atomic = below(&state, 4);
            s->order = s->atomic == ATOMIC_STEP_STORE ? store_orders[below(&state, 4)]
                       : s->atomic == ATOMIC_STEP_RMW ? (int)below(&state, 6)
                                                      : load_orders[below(&state, 4)];
            break;
        }
        case STEP_FENCE:
            s->order = (int)(__ATOMIC_ACQUIRE + below(&state, 4));
            break;
        case STEP_ALLOC:
        case STEP_FREE:
            s->other = (unsigned char)below(&state, SCRIPT_BLOCKS);
            break;
        case STEP_IGNORE:
            s->access = (enum access_kind[]){ACCESS_READ, ACCESS_WRITE, ACCESS_FREE}[below(&state, 3)];
            break;
        case STEP_FRESH:
            /* The bytes of a new life are whole granules: pages, stacks and heap blocks are. */
            s->offset -= s->offset % 8;
            s->size = (unsigned short)((s->size + 7u) & ~7u);
            break;
        case STEP_ACCESS:
        case STEP_COLLECT:
        case STEP_STRANGER:
        case STEP_END:
        case STEP_KINDS:
            break;
        }
    }
}

void script_print(const struct step *steps, int n)
{
    for (int i = 0; i < n; i++) {
        const struct step *s = &steps[i];
        printf("    %3d: %-8s actor %u", i, STEP_NAMES[s->kind], s->actor);
        switch (s->kind) {
        case STEP_BORN:
        case STEP_JOIN:
        case STEP_DETACH:
            printf(" place %u", s->other);
            break;
        case STEP_ACQUIRE:
        case STEP_RELEASE:
        case STEP_MERGE:
        case STEP_FORGET:
            printf(" key %u", s->other);
            break;
        case STEP_ALLOC:
        case STEP_FREE:
            printf(" block %u: %u bytes at %u", s->other, script_blocks[s->other].size, script_blocks[s->other].offset);
            break;
        case STEP_ATOMIC:
            printf(" %s %s of 4 bytes at %u", ORDER_NAMES[s->order], ATOMIC_NAMES[s->atomic], script_atomics[s->other]);
            break;
        case STEP_FENCE:
            printf(" %s", ORDER_NAMES[s->order]);
            break;
        case STEP_ACCESS:
            printf(" %s%s", ACCESS_NAMES[s->access], s->fast ? " (fast)" : "");
            /* fall through */
        case STEP_FRESH:
            printf(" %u bytes at %u", s->size, s->offset);
            break;
        case STEP_IGNORE:
            printf(" %s", s->access == ACCESS_FREE ? "all" : ACCESS_NAMES[s->access]);
            break;
        case STEP_STRANGER:
        case STEP_END:
        case STEP_COLLECT:
        case STEP_KINDS:
            break;
        }
        printf("\n");
    }
}
