/* Deadlocks as findings; what wait.c has found, put into steps. */
#ifndef GORACE_WAIT_REPORT_H
#define GORACE_WAIT_REPORT_H

#include "actor.h"
#include "finding.h"

struct report_of_waits {
    int n, max;
    struct finding_step *steps;
};

/* Room for n waits; false without memory. With the lock of waits: from then on the report is on its way. */
bool wait_report_open(struct report_of_waits *r, int n);
/* Adds the wait of `a`, with what it holds. `holder`: for whom it waits, may be NULL. `waited_by`: who waits for it in a cycle,
 * and so whose lock comes first in what it holds. With the lock of waits. */
void wait_report_add(struct report_of_waits *r, struct actor *a, struct actor *holder, struct actor *waited_by);
/* The cycle that `a` closes and `end` ends, through wait.from. The same. */
bool wait_report_cycle(struct actor *a, struct actor *end, struct report_of_waits *r);
/* True when `a` waits for a lock whose holder has ended. The same. */
bool wait_report_orphan(struct actor *a, struct report_of_waits *r);
/* Hands the finding over and frees it. Outside of the core. `by` may be NULL. */
void wait_report_hand_over(struct actor *by, struct report_of_waits *r, bool everybody);
/* Returns when no report is on its way any more: who ends the process because others have reported must not be faster than
 * they. Outside of the core. */
void wait_reports_finish(void);

#endif
