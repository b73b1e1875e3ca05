/* Round every real join, of wrap_thread.c and wrap_c11.c: the thread's record is pinned before, because afterwards the id may have a new
 * holder; joining is a cancellation point, so the pin is also given up when this thread is cancelled there. */
#ifndef GORACE_JOINING_H
#define GORACE_JOINING_H

#include <pthread.h>

#include "interpose.h"
#include "threads.h"

struct joining {
    struct actor *me;
    struct thread *t;
    void *value; /* where the thread's result goes; NULL: nowhere */
    size_t size;
    uintptr_t pc;
    struct join_wait wait;
};

static inline void joining_cancelled(void *arg)
{
    struct joining *j = arg;
    join_wait_over(&j->wait);
    thread_unpin(j->t);
    if (j->me)
        thread_heeds_cancel(j->me);
}

/* result: 0 is success in pthreads and in C11. */
static inline int joining_over(struct joining *j, int result)
{
    join_wait_over(&j->wait);
    if (j->t && result == 0)
        thread_joined(j->me, j->t);
    else
        thread_unpin(j->t);
    if (j->me && j->value && result == 0)
        mem_write(j->me, j->value, j->size, j->pc);
    return result;
}

#define JOIN(name, for_ever, id, to, room, ...) \
    struct joining j = {.me = current(), .value = to, .size = room, .pc = CALLER}; \
    int result; \
    PARKED_REGISTERS(); \
    j.t = j.me ? thread_find(id) : NULL; \
    if (for_ever) \
        j.wait = join_wait_begins(j.me, j.t, j.pc); \
    pthread_cleanup_push(joining_cancelled, &j); \
    result = REAL(name)(__VA_ARGS__); \
    pthread_cleanup_pop(0); \
    return joining_over(&j, result)

#endif
