/* The search for a schedule that fails: which ones to try, which were new (seen.h), and what matters of the one that
 * failed (shrink.h). Pure: the host runs them, in processes (the launcher) or in the memory of one (goro_explore). */
#ifndef RT_SEARCH_H
#define RT_SEARCH_H

#include "frontier.h"
#include "shrink.h"

struct rt_portfolio {
    uint64_t seed;        /* of schedule 0 */
    const char *strategy; /* of all; NULL: a mixture */
    uint64_t steps;       /* that schedule 0 has taken; 0: it did not run yet */
};

/* The token of schedule `number`, which is the same whatever the others were. Number 0 interrupts nobody. */
void rt_portfolio_token(const struct rt_portfolio *p, uint64_t number, char *token, size_t room);

/* "directed", "systematic", or the strategy's name: of a token; returns its length. */
size_t rt_token_kind(const char *token, char *text, size_t room);

#endif
