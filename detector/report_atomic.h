/* Whether what is known of a program's source says that a race that is only possible is none: that its sides are atomic operations. */
#ifndef GORACE_REPORT_ATOMIC_H
#define GORACE_REPORT_ATOMIC_H

#include "report_data.h"

/* Of a report of a race whose stacks are named: both sides are atomic instructions or in a function of an atomic type, or the variable is
 * of an atomic type. */
bool report_is_atomic(const struct report *r);

#endif
