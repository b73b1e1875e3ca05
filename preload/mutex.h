/* What wrap_mutex.c, wrap_cond.c and wrap_c11.c do with a mutex; an mtx_t of C11 is one in glibc. mutex.c */
#ifndef GORACE_MUTEX_H
#define GORACE_MUTEX_H

#include <pthread.h>

#include "../detector/lock_place.h"
#include "../detector/locks.h"
#include "signals.h"

/* More is told of a mutex than that it is held: races are looked for, or there are delays. Set once the options are known; there is no
 * actor before. */
extern __attribute__((visibility("hidden"))) bool mutex_more;

/* In the child of fork. */
void mutex_forked(void);
/* Before a lock call that would block: `me` waits. False: the call is going to return an error at once. */
bool mutex_wait_begin(struct actor *me, pthread_mutex_t *m, uintptr_t pc);
/* After one that failed: EINVAL may be the use of a destroyed mutex. */
void mutex_refused(struct actor *me, pthread_mutex_t *m, int result, uintptr_t pc);
/* After it, in the function that the program has called. place: lock_place. */
void mutex_got_in_handler(struct actor *me, pthread_mutex_t *m, unsigned bits, int sig, uintptr_t pc);
static inline void mutex_held(struct actor *me, struct lock *place, pthread_mutex_t *m, unsigned bits, uintptr_t pc)
{
    const int sig = signal_handling();
    if (__builtin_expect(sig != 0, 0))
        mutex_got_in_handler(me, m, bits, sig, pc);
    else if (bits == HOW_TRY)
        lock_tried_mutex(me, (uintptr_t)m, pc);
    else if (bits)
        lock_got(me, (uintptr_t)m, HOW(THING_MUTEX, HOW_EXCLUSIVE | bits), pc);
    else
        lock_got_mutex(me, place, (uintptr_t)m, pc);
}
static inline void mutex_got(struct actor *me, struct lock *place, pthread_mutex_t *m, unsigned bits, uintptr_t pc)
{
    lock_acquire(me, (uintptr_t)m);
    mutex_held(me, place, m, bits, pc);
}

/* Before the unlock. */
void mutex_given_clock(struct actor *me, pthread_mutex_t *m);
void mutex_given_unheld(struct actor *me, pthread_mutex_t *m, uintptr_t pc);
static inline void mutex_given(struct actor *me, pthread_mutex_t *m, uintptr_t pc)
{
    if (detector_races)
        mutex_given_clock(me, m);
    if (__builtin_expect(!lock_gone(me, (uintptr_t)m), 0))
        mutex_given_unheld(me, m, pc);
}

/* detector_host.mutex_taken */
bool mutex_taken(uintptr_t m, int tid);
/* Whether `m` is certainly not the calling thread's: by what libc has in it. */
enum mutex_state { MUTEX_MINE, MUTEX_UNLOCKED, MUTEX_OTHERS, MUTEX_UNKNOWN };
enum mutex_state mutex_state(const pthread_mutex_t *m);
/* The type returns an error to whoever is not the owner, and says so in its documentation: programs may rely on it. */
bool mutex_checks(const pthread_mutex_t *m);
bool mutex_robust(const pthread_mutex_t *m);
void mutex_made(struct actor *me, pthread_mutex_t *m, uintptr_t pc);
/* After the real destroy. */
void mutex_destroyed(struct actor *me, pthread_mutex_t *m, int result, uintptr_t pc);

#endif
