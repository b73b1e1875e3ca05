/* See search.h.
 *
 * Deadlocks that are suspected (predict.h) come first: who would have to be held is known, and one schedule says
 * whether it happens.
 *
 * Half of the others come from the frontier. The other half is the mixture. No strategy finds all bugs: a walk at
 * random misses those that need one goroutine to go on for long, priorities with few changes those that need many
 * switches (Thomson, Donaldson, Betts, "Concurrency Testing Using Controlled Schedulers", TOPC 2016: both are needed).
 * So of ten schedules four are random, three have priorities, two draw priorities by operation, one goes by slices. */
#include "search.h"

#include <stdio.h>

static const char *const mixture[] = {"random", "pct:2",  "pos",   "random", "pct:3",
                                      "slice",  "random", "pct:3", "pos",    "random"};

void rt_portfolio_token(const struct rt_portfolio *p, uint64_t number, char *token, size_t room)
{
    struct rt_schedule s = {.seed = p->seed + number, .steps = p->steps};
    const char *strategy = p->strategy;
    if (number == 0)
        strategy = "switches";
    else if (!strategy)
        strategy = mixture[(number - 1) % (sizeof mixture / sizeof *mixture)];
    rt_strategy_parse(&s, strategy);
    rt_schedule_print(&s, token, room);
}

size_t rt_token_kind(const char *token, char *text, size_t room)
{
    const char *strategy = strchr(token + sizeof "v1/" - 1, '/') + 1;
    size_t length = strcspn(strategy, "/");
    const char *kind = rt_list_is_directed(strategy) ? "directed" : memchr(strategy, '@', length) ? "systematic" : NULL;
    return (size_t)(kind ? snprintf(text, room, "%s", kind) : snprintf(text, room, "%.*s", (int)length, strategy));
}
