/* Deadlocks that a schedule which passed makes one suspect in others: who would have to be held, and before what. Pure, as search.h.
 *
 * A suspicion is a cycle of goroutines, each about to do an operation that may wait (take a lock, send, receive, wait for a group, a
 * semaphore, a condition, a queue) for what the next one does only behind its own: give up that lock, receive, send, be done.
 * It is left out if two of its operations are ordered in every schedule like this one (by a message, a group, a birth), or if two hold the same
 * lock. Nothing shows that it can be met: values are not followed, whether a buffer would be full is not known, and others than the next
 * one might end the wait. So it is tried (schedule.h, hold), and what then stands still has happened.
 *
 * Not seen: what select and the operations of pools and of groups with errors wait for; operations behind the RT_OPERATIONSth. */
#ifndef RT_PREDICT_H
#define RT_PREDICT_H

#include "schedule.h"

enum rt_suspicion { /* the likelier first */
    RT_SUSPECT_LOCKS,   /* a cycle of locks only */
    RT_SUSPECT_WAITS,   /* some ask for locks, which they do when the others wait: a buffer has to fill, a writer to come */
    RT_SUSPECT_MEETING, /* nobody asks for a lock */
    RT_SUSPECT_ONE,     /* the same cycle, and one goes on when the others wait */
    RT_SUSPICIONS
};

/* Calls found with the STRATEGY of each schedule that is to be tried (`hold:...`), which is the caller's until it returns. Ends the process
 * without memory. Requires: the record has `operations`. */
void rt_predict(const struct rt_record *r, void (*found)(void *host, enum rt_suspicion how, const char *strategy), void *host);

#endif
