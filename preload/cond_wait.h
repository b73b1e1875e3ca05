/* What every wait on a condition variable does with its mutex; wrap_cond.c, wrap_c11.c.
 *
 *     struct cond_wait w;
 *     cond_wait_begins(&w, cond, mutex, timed, CALLER);
 *     COND_WAIT(&w, result, REAL(pthread_cond_wait)(c, m));
 *     cond_wait_over(&w, timed out);
 *
 * A wait gives the mutex up and gets it again, also when it times out, and when the thread is cancelled in it: the
 * cleanup handlers of the program then run with the mutex held. */
#ifndef GORACE_COND_WAIT_H
#define GORACE_COND_WAIT_H

#include <pthread.h>

#include "../detector/parked.h"
#include "current.h"

struct cond_wait {
    struct actor *me;
    uintptr_t cond;
    pthread_mutex_t *mutex;
    bool timed;
    bool refused; /* libc is going to return an error at once: nothing is waited for */
    uintptr_t pc;
};

void cond_wait_begins(struct cond_wait *w, pthread_cond_t *c, pthread_mutex_t *m, bool timed, uintptr_t pc);
void cond_wait_over(struct cond_wait *w, bool gave_up);
void cond_wait_cancelled(void *w);

#define COND_WAIT(w, result, call) \
    do { \
        PARKED_REGISTERS(); \
        pthread_cleanup_push(cond_wait_cancelled, w); \
        result = call; \
        pthread_cleanup_pop(0); \
    } while (0)

/* What a signal says of order, and of its misuse. */
void cond_signals(struct actor *me, pthread_cond_t *c, uintptr_t pc);

#define COND_SIGNAL(name, c, all) \
    struct actor *me = current(); \
    if (!me) \
        return REAL(name)(c); \
    cond_signals(me, (pthread_cond_t *)(c), CALLER); \
    bool counted = wait_signalling(me, (uintptr_t)(c), all); \
    int result = REAL(name)(c); \
    wait_signalled(me, (uintptr_t)(c), all, counted); \
    return result

#endif
