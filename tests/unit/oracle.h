/* The definition of a race, done in the most naive way, to hold the core against: dense vector clocks, and for every
 * byte of a small arena the complete list of accesses since its last new life. Nothing is ever forgotten or merged.
 *
 * Fixed small sizes; actors and accesses are numbered from 0 in each run. */
#ifndef TESTS_UNIT_ORACLE_H
#define TESTS_UNIT_ORACLE_H

#include "../../detector/detector.h"

#define ORACLE_ACTORS 80
#define ORACLE_KEYS 16
#define ORACLE_ARENA 192
#define ORACLE_ACCESSES 1024
#define ORACLE_LOCATIONS 5 /* atomic objects */
#define ORACLE_CHANGES 512

struct oracle_access {
    int actor;
    enum access_kind kind;
    unsigned offset, size;
    unsigned epoch;                /* the actor's own clock when it accessed */
    unsigned clock[ORACLE_ACTORS]; /* all it knew then */
};

/* One modification of an atomic object, in its modification order. */
struct oracle_change {
    int actor;
    bool rmw, releases;
    unsigned clock[ORACLE_ACTORS]; /* what a release gives away */
    unsigned fence[ORACLE_ACTORS]; /* what the actor's last release fence gave away; zero without one */
};

struct oracle {
    int actors, accesses;
    unsigned clock[ORACLE_ACTORS][ORACLE_ACTORS];
    unsigned keys[ORACLE_KEYS][ORACLE_ACTORS];
    unsigned fence[ORACLE_ACTORS][ORACLE_ACTORS];   /* the clock at the last release fence */
    unsigned pending[ORACLE_ACTORS][ORACLE_ACTORS]; /* what an acquire fence will make known */
    struct oracle_change change[ORACLE_LOCATIONS][ORACLE_CHANGES];
    int changes[ORACLE_LOCATIONS];
    struct oracle_access access[ORACLE_ACCESSES];
    short history[ORACLE_ARENA][ORACLE_ACCESSES];
    short history_length[ORACLE_ARENA];
};

void oracle_reset(struct oracle *o);
int oracle_born(struct oracle *o, int parent); /* parent < 0: nobody's child, with no past */
/* `actor` learns all that `from` has done so far, by no deed of theirs. */
void oracle_learns(struct oracle *o, int actor, int from);
void oracle_joins(struct oracle *o, int actor, int child);
void oracle_acquire(struct oracle *o, int actor, int key);
void oracle_release(struct oracle *o, int actor, int key, bool merge);
void oracle_forget(struct oracle *o, int key);
void oracle_fresh(struct oracle *o, unsigned offset, unsigned size);
/* Numbers the access and adds it to the history. */
int oracle_access(struct oracle *o, int actor, unsigned offset, unsigned size, enum access_kind kind);

/* The ordering parts of an atomic operation by C17, with the order of the script as modification order: first the
 * reading one, then the writing one. `order` is __ATOMIC_*. */
void oracle_load(struct oracle *o, int actor, int location, int order);
void oracle_store(struct oracle *o, int actor, int location, bool rmw, int order);
void oracle_fence(struct oracle *o, int actor, int order);
void oracle_new_location(struct oracle *o, int location);

/* Two accesses of different actors, one of them a write, not both atomic. */
bool oracle_conflict(enum access_kind a, enum access_kind b);
/* Whether `early` and `late` are a race on byte `offset`. */
bool oracle_race_at(const struct oracle *o, int early, int late, unsigned offset);
/* Whether `shown` stands for `early` at byte `offset`: there was an access that is ordered after `early`, is not to be
 * told from `shown` in order (the same actor in the same epoch), and each of the three conflicts with all that the one
 * before conflicts with. Whoever is unordered with `early` is then unordered with `shown`. So only the last in every
 * line of accesses must be remembered, not their whole past. */
bool oracle_stands(const struct oracle *o, int shown, int early, unsigned offset);
/* Whether `first` makes it needless to look at the later access `again`, by the same actor in the same epoch, because
 * it conflicts with all that `again` conflicts with. */
bool oracle_repeats(const struct oracle *o, int first, int again);
/* Whether byte `offset` still has the access in its history. */
bool oracle_remembers(const struct oracle *o, int access, unsigned offset);

#endif
