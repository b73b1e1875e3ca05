/* The table of actors: who holds each slot of the clocks, and who did. All of it under actors_lock, or with the world stopped.
 *
 * A slot is used again when all that its dead owner did is known to who takes it, or was forgotten by everybody; the epochs of
 * the new owner go on behind the old one's. Whose an epoch was, the slot's incarnations say, which live as long as an access does
 * that names one. */
#ifndef GORACE_ACTOR_TABLE_H
#define GORACE_ACTOR_TABLE_H

#include "actor.h"

struct incarnation {
    struct incarnation *older; /* former owner of the slot */
    uint64_t first;            /* its first epoch there */
    uint64_t number : 48 __attribute__((packed)), parent : 48 __attribute__((packed)); /* in order of birth */
    uint64_t goroutine : 48 __attribute__((packed)), parent_goroutine : 48 __attribute__((packed)); /* among those; 0: a thread */
    uint32_t birth_stack;
    int tid;
    bool ended, marked;
    uint8_t room; /* for the name */
    char name[];
};

struct slot {
    union {
        struct actor *owner; /* alive */
        uint64_t last;       /* dead: SLOT_DEAD, and above it the epoch from which the next owner goes on */
    };
    struct incarnation *incarnation; /* newest */
    uint64_t remembered;             /* dead: accesses later than this are not remembered anywhere */
    uint64_t order_epoch;            /* dead: where the next owner goes on in the order of locks */
};
#define SLOT_DEAD 1u /* no address of an actor has it */

extern HIDDEN struct actor_table {
    struct slot *slots;
    uint32_t nslots;
    uint32_t *dead; /* slots without an owner, the latest last */
    uint32_t ndead;
    uint32_t nactors; /* in the list */
    uint32_t incarnations, incarnations_crowd, dead_crowd;
} actor_table;

static inline bool slot_alive(const struct slot *s)
{
    return !(s->last & SLOT_DEAD);
}

static inline uint64_t slot_epoch(const struct slot *s)
{
    return slot_alive(s) ? who_epoch(s->owner->who) : s->last >> 1;
}

static inline void slot_bury(struct slot *s, uint64_t epoch)
{
    s->last = epoch << 1 | SLOT_DEAD;
}

/* False: no memory. */
bool actor_table_start(void);
/* A slot for somebody who begins with the knowledge `past`. False: there is none left. */
bool actor_table_take(const struct vclock *past, uint32_t *slot);
/* After a collection: how many may come until it is crowded (actors_crowded). */
void actor_table_swept(void);
/* NULL: no memory. */
struct incarnation *incarnation_new(const char *name);
void incarnation_free(struct incarnation *i);
/* Whoever acted in `who`; NULL: forgotten. */
struct incarnation *incarnation_of(who_t who);

/* actor_learn.c: the past of an actor that nobody created, all that those who live have done and know. The world is stopped. */
void actor_knows_everything(struct actor *child);

#endif
