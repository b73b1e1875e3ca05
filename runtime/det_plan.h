/* What goro_explore has the deterministic mode run, in place of what the environment says. */
#ifndef RT_DET_PLAN_H
#define RT_DET_PLAN_H

#include "hidden.h"
#include "schedule.h"

struct rt_plan {
    const char *token; /* of the next schedule; stays until it has ended */
    struct rt_record *record;
    void *host;
    /* Called when a schedule has ended by main_fn's return, on no goroutine: sets the next token and record. false: there is none, and
     * goro_run returns. NULL: one schedule only. */
    bool (*next)(struct rt_plan *p);
};

extern RT_HIDDEN struct rt_plan *rt_plan; /* NULL: none. Set before goro_run */

#endif
