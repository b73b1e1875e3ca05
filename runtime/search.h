/* The search for a schedule that fails: which ones to try, which were new, and what matters of the one that failed. Pure: the
 * host runs them, in processes (the launcher) or in the memory of one (goro_explore). */
#ifndef RT_SEARCH_H
#define RT_SEARCH_H

#include "predict.h"

struct rt_portfolio {
    uint64_t seed;        /* of schedule 0 */
    const char *strategy; /* of all; NULL: a mixture */
    uint64_t steps;       /* that schedule 0 has taken; 0: it did not run yet */
};

/* The token of schedule `number`, which is the same whatever the others were. Number 0 interrupts nobody. */
void rt_portfolio_token(const struct rt_portfolio *p, uint64_t number, char *token, size_t room);

/* A set of hashes. Zero is empty. */
struct rt_seen {
    uint64_t *slots;
    size_t room, used;
};
bool rt_seen_add(struct rt_seen *seen, uint64_t hash); /* true: it is new */
void rt_seen_free(struct rt_seen *seen);

/* Schedules that have not been tried, made of those that were. Systematic ones: each has one switch more, behind the last one, at a
 * point where it might matter. The fewer switches, and the likelier they conflict, the earlier it comes. And those that are directed at
 * a deadlock which is suspected (predict.h). Zero is empty. */
enum { RT_COSTS = 12, RT_FRONTIER = 4096 /* of each cost; more are dropped */, RT_SUSPECTS = 256 /* the same, of each kind */ };
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
void rt_frontier_add(struct rt_frontier *f, const struct rt_record *r, const struct rt_candidate *parent, unsigned cost);
/* The same for what is suspected; of any schedule. */
void rt_frontier_suspect(struct rt_frontier *f, const struct rt_record *r);
/* For schedule `number`, from 1: a directed one, or one of the cheapest, with its cost; NULL list: there is none, or another strategy's turn.
 * The caller frees the list. */
struct rt_candidate rt_frontier_take(struct rt_frontier *f, uint64_t number, unsigned *cost);
void rt_frontier_free(struct rt_frontier *f);

/* How a run has failed. Two failures with the same `what` are one. */
struct rt_failure {
    uint64_t what;
    char text[300];
};
uint64_t rt_hash_text(const char *text);

struct rt_attempts {
    /* Runs the schedule; true: it failed, *failure says how. record: what was written down, with the list of switches; the host's,
     * until the next attempt. */
    bool (*run)(void *host, const char *token, struct rt_failure *failure, const struct rt_record **record);
    void *host;
    uint32_t most; /* attempts of a shrink */
};

struct rt_found {
    bool again;          /* it failed in the same way when it was run once more */
    bool shrunk;         /* the token is a list of switches */
    uint32_t switches;   /* of the token: those that matter */
    uint32_t before;     /* switches of the schedule that was found */
    uint32_t attempts;
    char token[RT_TOKEN]; /* with checks */
};

/* "directed", "systematic", or the strategy's name: of a token; returns its length. */
size_t rt_token_kind(const char *token, char *text, size_t room);
/* Runs `token` (with the checks of the run that was found, if there are any) again, and, if that fails as `failure` says, looks for
 * the few switches that it takes. Last runs what it returns, so that the host has its output and record. */
void rt_search_confirm(const struct rt_attempts *a, const char *token, const struct rt_failure *failure,
                       struct rt_found *found);
/* One line of text for the ith switch of a record. */
void rt_switch_print(const struct rt_record *r, uint32_t i, char *text, size_t room);

#endif
