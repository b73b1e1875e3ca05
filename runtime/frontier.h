/* The frontier of a search: schedules that have not been tried, made of those that were. Systematic ones: each has one
 * switch more, behind the last one, at a point where it might matter. The fewer switches, and the likelier they
 * conflict, the earlier it comes. And those that are directed at a deadlock which is suspected (predict.h). */
#ifndef RT_FRONTIER_H
#define RT_FRONTIER_H

#include <string.h>

#include "predict.h"
#include "seen.h"

enum {
    RT_COSTS = 12,
    RT_FRONTIER = 4096 /* of each cost; more are dropped */,
    RT_SUSPECTS = 256 /* the same, of each kind */
};
/* Zero is empty. */
struct rt_frontier {
    struct rt_candidate {
        char *list; /* "a@1-b,c@2-d", or directed, "hold:a@1,b@2" */
        uint64_t step;
        uint32_t object; /* of the last switch */
    } *at[RT_COSTS];
    uint32_t count[RT_COSTS];
    struct rt_suspects {
        char *lists[RT_SUSPECTS];
        uint32_t count, taken;
    } suspects[RT_SUSPICIONS];
    struct rt_seen suspected, programs; /* lists; what the goroutines of a record did, each for itself */
    size_t most_programs;               /* in which something is suspected; 0: any number */
    uint32_t share, shares; /* shares > 0: adds only its own of the candidates, which are dealt out by their lists */
};
/* The record of a schedule that did not fail: `list` is what it was, "" for schedule 0, which costs 0. */
void rt_frontier_add(struct rt_frontier *f, const struct rt_record *r, const struct rt_candidate *parent,
                     unsigned cost);
/* The same for what is suspected; of any schedule. */
void rt_frontier_suspect(struct rt_frontier *f, const struct rt_record *r);
/* For schedule `number`, from 1: a directed one, or one of the cheapest, with its cost; NULL list: there is none, or
 * another strategy's turn. The caller frees the list. */
struct rt_candidate rt_frontier_take(struct rt_frontier *f, uint64_t number, unsigned *cost);
void rt_frontier_free(struct rt_frontier *f);

/* Whether a list is one that is directed at a suspicion. */
static inline bool rt_list_is_directed(const char *list)
{
    return !strncmp(list, RT_HOLD, sizeof RT_HOLD - 1);
}

#endif
