/* Release sequences of an object (struct head in sync.h): what each actor that heads one has put into the object's clock, so that a
 * relaxed store can end all but its own. With the object held. Mostly there is one, which has put in everything, or several of
 * which the latest has, as it had acquired what the others had put in: then only those behind it have clocks of their own. */
#ifndef GORACE_SEQUENCE_H
#define GORACE_SEQUENCE_H

#include "sync.h"

void sequence_lead_listed(struct actor *a, struct sync *s);
/* `a`, which knows all that is in the object, heads a sequence, and is about to put all it knows in: it comes first. */
static inline void sequence_lead(struct actor *a, struct sync *s)
{
    if (unlikely(s->heads != sync_only(a)))
        sequence_lead_listed(a, s);
}
/* The same of a store, which ends all others. */
static inline void sequence_lead_alone(struct actor *a, struct sync *s)
{
    if (likely(s->heads == sync_only(a) && !s->heads_lost))
        return;
    sync_drop_heads(a, s);
    s->heads = sync_only(a);
}
/* Notes `c`, which is about to be joined into the object's clock, as a contribution of `a`. */
void sequence_add(struct actor *a, struct sync *s, const struct vclock *c);
/* A plain relaxed store ends all sequences but those that its own thread heads. */
void sequence_end_others(struct actor *a, struct sync *s);

#endif
