/* Random scripts of what actors do, for the model test. A script is a list of steps that make sense or not: a step
 * whose actor is not alive, or that would join a living child, is skipped when it is played. So any part of a script
 * is a script again, and a failing one can be shrunk by leaving steps out. */
#ifndef TESTS_UNIT_SCRIPT_H
#define TESTS_UNIT_SCRIPT_H

#include "oracle.h"

/* Places an actor can have; places are used again, actors are not. */
#define SCRIPT_PLACES 48
/* The arena: raw memory first, then two heap blocks. */
#define SCRIPT_RAW 64
#define SCRIPT_BLOCKS 2

enum step_kind {
    STEP_BORN,     /* actor creates `other` */
    STEP_STRANGER, /* `actor` appears, created by nobody */
    STEP_END,
    STEP_JOIN,    /* actor joins `other` */
    STEP_DETACH,  /* actor detaches `other` */
    STEP_ACQUIRE, /* `other` is a key in the following */
    STEP_RELEASE,
    STEP_MERGE,
    STEP_FORGET,
    STEP_ACCESS,
    STEP_ATOMIC, /* `other` is an atomic object; atomic_kind and order say what */
    STEP_FENCE,
    STEP_FRESH,
    STEP_ALLOC, /* `other` is a block */
    STEP_FREE,
    STEP_COLLECT, /* the core is made to throw away what cannot matter any more */
    STEP_IGNORE,  /* `access` says what: ACCESS_READ, ACCESS_WRITE, or ACCESS_FREE for both; begins or ends */
    STEP_KINDS
};

struct step {
    enum step_kind kind;
    unsigned char actor, other;
    bool fast; /* the access comes through the inline path of the compiler's hooks, when it fits */
    enum access_kind access;
    unsigned short offset, size;
    enum atomic_step { ATOMIC_STEP_LOAD, ATOMIC_STEP_STORE, ATOMIC_STEP_RMW, ATOMIC_STEP_FAILED_RMW } atomic;
    int order; /* __ATOMIC_* */
};

struct block_place {
    unsigned offset, size;
};
extern const struct block_place script_blocks[SCRIPT_BLOCKS];
/* Offsets of the atomic objects, four bytes each; some are neighbours in a granule, one is in a heap block. */
extern const unsigned script_atomics[ORACLE_LOCATIONS];

/* Of a seed: how many code addresses the accesses share, 0 when each has its own; and whether the script's main is the
 * process's, which is alone at first. */
struct script_manner {
    unsigned sites;
    bool from_main;
    bool green;     /* most of the others are goroutines, on the thread of place 0 */
};
struct script_manner script_manner(uint64_t seed);

/* Fills steps[0..n) from `seed`; each seed has its own mixture of kinds, sizes and places. */
void script_make(struct step *steps, int n, uint64_t seed);
void script_print(const struct step *steps, int n);
uint64_t script_random(uint64_t *state);

#endif
