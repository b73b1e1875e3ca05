/* The happens-before rules for one granule: history x access -> history, and the races on the way. Pure but for lookups. */
#ifndef GORACE_RACE_H
#define GORACE_RACE_H

#include "actor.h"
#include "shadow.h"

struct transition {
    bool changed; /* list is not what the old history was */
    uint32_t n;
    unsigned raced_bytes;
    struct access *list; /* the new history; the caller's; room for one access more than the old history has */
    uint32_t nraces;
    struct access *raced; /* the caller's, as large; the earlier sides, with the common bytes as mask */
};

/* `old`, `nold`: the history; `access`: who, stack and meta of the new access. */
void race_transition(struct actor *a, const struct access *old, uint32_t nold, const struct access *access,
                     struct transition *t);

/* Adds x to the list of n accesses, or its bytes to its twin there. Returns the new n. */
uint32_t access_add(struct access *list, uint32_t n, const struct access *x);
/* Unites twins among the n accesses; if there are many, in another order. Returns the new n. */
uint32_t access_unite(struct access *list, uint32_t n);
/* One granule by a list, whatever its history; the actor is inside. */
void race_step_in_list(struct actor *a, union granule *g, uintptr_t addr, const struct access *now);
/* `now` races with the n accesses in `raced`, the earlier sides with the common bytes as mask: to the host, at once or, while
 * reports_held is up, by races_hand_over. */
void races_report(struct actor *a, uintptr_t granule, const struct access *now, const struct access *raced, uint32_t n);
/* Collection: what findings of `a` on their way to the host refer to stays. */
void races_mark(const struct actor *a);
uint64_t races_found(void);

#endif
