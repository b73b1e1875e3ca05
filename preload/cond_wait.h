/* What every wait on a condition variable does with its mutex; wrap_cond.c, wrap_c11.c.
 *
 *     struct cond_wait w;
 *     cond_wait_begins(&w, mutex, CALLER);
 *     COND_WAIT(&w, result, REAL(pthread_cond_wait)(c, m));
 *     cond_wait_over(&w);
 *
 * A wait gives the mutex up and gets it again, also when it times out, and when the thread is cancelled in it: the
 * cleanup handlers of the program then run with the mutex held. */
#ifndef GORACE_COND_WAIT_H
#define GORACE_COND_WAIT_H

#include <pthread.h>

#include "current.h"

struct cond_wait {
    struct actor *me;
    uintptr_t mutex;
    uintptr_t pc;
};

void cond_wait_begins(struct cond_wait *w, const void *mutex, uintptr_t pc);
void cond_wait_over(struct cond_wait *w);
void cond_wait_cancelled(void *w);

#define COND_WAIT(w, result, call) \
    do { \
        pthread_cleanup_push(cond_wait_cancelled, w); \
        result = call; \
        pthread_cleanup_pop(0); \
    } while (0)

#endif
