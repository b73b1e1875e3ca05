/* What wrap_mutex.c, wrap_cond.c and wrap_c11.c do with a mutex; an mtx_t of C11 is one in glibc. mutex.c */
#ifndef GORACE_MUTEX_H
#define GORACE_MUTEX_H

#include <pthread.h>

#include "../detector/locks.h"
#include "current.h"

/* Before a lock call that would block: `me` waits. False: the call is going to return an error at once. */
bool mutex_wait_begin(struct actor *me, pthread_mutex_t *m, uintptr_t pc);
/* After one that failed: EINVAL may be the use of a destroyed mutex. */
void mutex_refused(struct actor *me, pthread_mutex_t *m, int result, uintptr_t pc);
void mutex_got(struct actor *me, pthread_mutex_t *m, unsigned bits, uintptr_t pc);
/* Before the unlock. */
void mutex_given(struct actor *me, pthread_mutex_t *m, uintptr_t pc);
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
