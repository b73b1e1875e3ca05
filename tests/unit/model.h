/* The playing of one random script to the core and to the oracle at once (model_play.c), and the judgement of each
 * access (model_judge.c). */
#ifndef TESTS_UNIT_MODEL_H
#define TESTS_UNIT_MODEL_H

#include "script.h"

#define MODEL_STEPS 400
#define MODEL_SITES (MODEL_STEPS * (ACCESS_FREE + 1))
#define MODEL_ARENA 4096

struct place {
    struct actor *actor; /* NULL: free */
    int number;          /* in the oracle */
    bool ended, detached;
    bool light; /* a goroutine: acts with the caches of place 0, by turns with it */
    int ignore_all, ignore_reads, ignore_writes;
};

struct run {
    const struct step *steps;
    struct script_manner manner;
    char *base;
    uintptr_t pc; /* of site 0 */
    struct place places[SCRIPT_PLACES];
    struct actor *running; /* of place 0 and the goroutines: whose turn it is; NULL: nobody's */
    bool block_alive[SCRIPT_BLOCKS];
    uint64_t number[ORACLE_ACTORS]; /* in the core */
    int step_of_access[ORACLE_ACCESSES];
    unsigned char reported[MODEL_SITES][MODEL_SITES / 8 + 1]; /* pairs of site and kind, in both orders */
};

extern struct oracle oracle;
extern char model_failure[400]; /* of the last script: how the core and the oracle differ; empty: not at all */
extern uint64_t model_steps, model_judged, model_races, model_collections;

/* Starts the detector with its main actor. */
bool model_start(void);
/* Plays `n` steps in a fresh arena; false when the core and the oracle differ. */
bool model_play(const struct step *steps, int n, struct script_manner manner);

/* What the core says from here on belongs to the next access. */
void judge_begin(void);
/* The access that was just made by `me`: adds it to the oracle and holds what the core said against it. */
void judge_access(struct run *run, int step, struct place *me, unsigned offset, unsigned size, enum access_kind kind);
/* The access was to be ignored: nothing may have been said. */
void judge_ignored(int step);
uintptr_t pc_of(const struct run *run, int step);
struct finding;
void judge_found(struct actor *by, const struct finding *f);

#endif
