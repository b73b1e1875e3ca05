/* Waiting for something or for the end of a context, whichever comes first. */
#ifndef RT_CANCEL_H
#define RT_CANCEL_H

#include "rt.h"

/* goro_context_err, for callers inside of the runtime. */
int rt_context_err(struct goro_context *c);
/* The lock under which the context ends, to be taken before that of what else is waited for; NULL: it never ends. */
struct rt_lock *rt_context_lock(struct goro_context *c);
/* Requires: that lock. Who is queued here while rt_context_err is 0 is claimed and woken by the end. */
struct rt_waitq *rt_context_waitq(struct goro_context *c);

#endif
