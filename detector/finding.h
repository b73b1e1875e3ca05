/* A finding as data. Nothing here prints; report_text.c and report_json.c do, with no logic of their own.
 *
 * Stacks are numbers of the calling-context tree (context_pcs gives return addresses); they are named when a finding is
 * printed. A finding and all it points to is valid only during the call that hands it over. */
#ifndef GORACE_FINDING_H
#define GORACE_FINDING_H

#include "locks.h"

enum finding_kind { FINDING_RACE, FINDING_LOCK_ORDER, FINDING_DEADLOCK, FINDING_STUCK, FINDING_MISUSE };

#define FINDING_LOCKS 16   /* locks shown a side; more are counted in nlocks */

/* Who: copied out of the actor, because it may have ended long ago. */
#define CREATOR_TIMER (((uint64_t)1 << 48) - 1) /* a timer; birth_stack is where that was set. actor_table.h has as many bits */

struct finding_actor {
    uint64_t number;       /* 0 is the main thread; counts up in order of creation */
    uint64_t goroutine;    /* its number in the runtime's dumps; 0: a thread */
    int tid;               /* OS thread number, 0 when unknown */
    char name[32];         /* "" when unnamed */
    bool ended;
    bool waits;            /* for ever, or until somebody else acts: what the finding is about */
    bool is_main;
    uint32_t birth_stack;  /* where it was created; 0 for the main thread or when unknown */
    uint64_t parent;       /* number of the creator, or CREATOR_TIMER */
    uint64_t parent_goroutine;
};

struct finding_lock {
    uintptr_t addr;
    bool exclusive;
    uint32_t stack;        /* where it was taken */
    enum thing thing;
};

struct finding_access {
    enum access_kind kind;
    uintptr_t addr;        /* first byte of the access inside its 8-byte granule */
    size_t size;
    uint32_t stack;
    struct finding_actor actor;
    int nlocks;            /* all that were held; locks[] has the first FINDING_LOCKS */
    struct finding_lock locks[FINDING_LOCKS];
    bool locks_lost;       /* the set was over a cap and is not known */
};

enum object_kind { OBJECT_UNKNOWN, OBJECT_HEAP, OBJECT_STACK, OBJECT_GLOBAL, OBJECT_TLS, OBJECT_FD };

/* What the address belongs to. HEAP and STACK are filled in by the core, GLOBAL by the symboliser when printed. */
struct finding_object {
    enum object_kind kind;
    uintptr_t base;
    size_t size;
    uint32_t stack;              /* HEAP: where it was allocated */
    struct finding_actor actor;  /* HEAP: who allocated it; STACK: whose stack it is */
};

/* What one actor did, or does, with a lock or another object: a link of a cycle, a part of a misuse. */
enum step_role {
    STEP_WAITS,     /* DEADLOCK, STUCK: waits here for the object */
    STEP_ACQUIRES,  /* LOCK_ORDER: asked for the object here, while it held held[0] and the rest */
    STEP_MISUSES,   /* MISUSE: the act itself */
    STEP_TOOK,      /* MISUSE: took the lock here, and holds it */
    STEP_WAITED,    /* MISUSE: waits on the condition with this mutex */
    STEP_DESTROYED, /* MISUSE: destroyed, or freed, the object here */
    STEP_MADE,      /* MISUSE: initialised it here */
    STEP_COPIED     /* MISUSE: copied it here */
};

struct finding_step {
    enum step_role role;
    struct finding_actor actor;
    uint32_t stack;
    enum thing thing;
    uint64_t addr;      /* the object: an address, or a key; THREAD: 0 */
    bool exclusive;     /* how it asks for it */
    bool has_target;    /* target is the number of the actor that holds the object, or is joined */
    bool target_ended;
    uint64_t target;
    int nheld;          /* locks held, all of them */
    const struct finding_lock *held;
};

struct finding {
    enum finding_kind kind;
    enum finding_tier tier;
    struct finding_access access[2]; /* RACE: [0] the one that found it (now), [1] the earlier one */
    struct finding_object object;    /* RACE */
    int nsteps;                      /* the other kinds, in the order of the cycle; MISUSE: first the act */
    const struct finding_step *steps;
    enum misuse misuse;     /* MISUSE */
    const char *text;       /* MISUSE_OTHER */
    bool doubtful;          /* LOCK_ORDER, order-only: another lock of this run may keep it from happening */
    bool everybody;         /* DEADLOCK: no actor is left that could end it */
    int nmore;              /* STUCK: so many more, which wait at the same place */
    int npath;              /* STUCK, SUSPECTED: how the object of the first step can be reached, from the root on. Of a root the */
    const struct finding_object *path; /* base is the address of the pointer; of a descriptor, its number */
};

/* A step with this, and a finding of these steps; all else is 0. The steps stay the caller's. */
void finding_step(struct finding_step *s, enum step_role role, uint32_t stack, enum thing thing, uint64_t addr);
void finding_of_steps(struct finding *f, enum finding_kind kind, enum finding_tier tier,
                      const struct finding_step *steps, int nsteps);
/* What a step says of locks held, which comes from the arena. */
void finding_held_free(struct finding_step *s);
/* n steps in an array from the arena with room for so many, and what they say of locks held. */
void finding_steps_free(struct finding_step *steps, int n, int room);
/* To the host, if it listens. Outside of the core. */
void finding_hand_over(struct actor *by, const struct finding *f);

#endif
