/* Mutexes used against their rules. */
#include "thread.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static struct schedule steps;
static bool right; /* the twin runs */

static void init_type(pthread_mutex_t *m, int type)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutex_init(m, &attr);
    pthread_mutexattr_destroy(&attr);
}

void misuse_unlock_unlocked(bool fixed)
{
    if (fixed)
        pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock); // MISUSE
}

void misuse_double_unlock(bool fixed)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    if (fixed)
        pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock); // MISUSE
}

static void *misuse_non_owner_thread(void *arg)
{
    if (right)
        pthread_mutex_lock(arg);
    pthread_mutex_unlock(arg); // MISUSE
    return NULL;
}

/* The lock is given back by another thread than the one that took it. */
void misuse_non_owner(bool fixed)
{
    right = fixed;
    pthread_mutex_lock(&lock); // HELD
    if (fixed)
        pthread_mutex_unlock(&lock);
    finish(begin(misuse_non_owner_thread, &lock));
}

/* The same with a mutex that checks, whose answer nobody looks at. */
void misuse_non_owner_checked(bool fixed)
{
    pthread_mutex_t m;

    init_type(&m, PTHREAD_MUTEX_ERRORCHECK);
    right = fixed;
    pthread_mutex_lock(&m); // HELD
    if (fixed)
        pthread_mutex_unlock(&m);
    finish(begin(misuse_non_owner_thread, &m));
    if (!fixed)
        pthread_mutex_unlock(&m);
    pthread_mutex_destroy(&m);
}

void misuse_recursive_too_often(bool fixed)
{
    pthread_mutex_t m;

    init_type(&m, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_lock(&m);
    pthread_mutex_lock(&m);
    pthread_mutex_unlock(&m);
    pthread_mutex_unlock(&m);
    if (!fixed)
        pthread_mutex_unlock(&m); // MISUSE
    pthread_mutex_destroy(&m);
}

void misuse_destroy_locked(bool fixed)
{
    pthread_mutex_t m;

    pthread_mutex_init(&m, NULL);
    pthread_mutex_lock(&m); // HELD
    if (fixed)
        pthread_mutex_unlock(&m);
    pthread_mutex_destroy(&m); // MISUSE
}

void misuse_use_destroyed(bool fixed)
{
    pthread_mutex_t m;

    pthread_mutex_init(&m, NULL);
    pthread_mutex_destroy(&m);
    if (fixed)
        pthread_mutex_init(&m, NULL);
    pthread_mutex_lock(&m); // MISUSE
    pthread_mutex_unlock(&m);
}

void misuse_init_locked(bool fixed)
{
    pthread_mutex_t m;

    pthread_mutex_init(&m, NULL);
    pthread_mutex_lock(&m); // HELD
    if (fixed) {
        pthread_mutex_unlock(&m);
        pthread_mutex_destroy(&m);
    }
    pthread_mutex_init(&m, NULL); // MISUSE
}

struct guarded {
    pthread_mutex_t lock;
    int value;
    char page[4000]; /* so much is copied by a call of memcpy, and not by the compiler */
};

void misuse_free_locked(bool fixed)
{
    struct guarded *g = malloc(sizeof *g);

    pthread_mutex_init(&g->lock, NULL);
    pthread_mutex_lock(&g->lock); // HELD
    g->value = 1;
    if (fixed) {
        pthread_mutex_unlock(&g->lock);
        pthread_mutex_destroy(&g->lock);
    }
    free(g); // MISUSE
}

/* A struct is copied with its mutex, which is locked, and the copy is used. The twin copies the data. */
void misuse_copied_locked(bool fixed)
{
    static struct guarded from = {PTHREAD_MUTEX_INITIALIZER, 1, {0}}, copy = {PTHREAD_MUTEX_INITIALIZER, 0, {0}};

    pthread_mutex_lock(&from.lock);
    if (fixed) {
        copy.value = from.value;
        pthread_mutex_lock(&copy.lock);
    } else {
        memcpy(&copy, &from, sizeof copy);
    }
    copy.value++;
    pthread_mutex_unlock(&copy.lock); // MISUSE
    pthread_mutex_unlock(&from.lock);
}

/* The same with nobody inside: both copies work, and guard nothing from each other. */
void misuse_copied(bool fixed)
{
    struct guarded *from = malloc(sizeof *from), *copy = malloc(sizeof *copy);

    pthread_mutex_init(&from->lock, NULL);
    from->value = 1;
    pthread_mutex_lock(&from->lock);
    pthread_mutex_unlock(&from->lock);
    memcpy(copy, from, sizeof *copy);
    if (fixed)
        memcpy(from, copy, sizeof *from); /* put back: the same lock as before */
    pthread_mutex_lock(&from->lock);
    pthread_mutex_unlock(&from->lock);
    if (fixed)
        pthread_mutex_init(&copy->lock, NULL);
    pthread_mutex_lock(&copy->lock); // MISUSE
    copy->value++;
    pthread_mutex_unlock(&copy->lock);
    pthread_mutex_destroy(&from->lock);
    free(from);
    if (fixed)
        pthread_mutex_destroy(&copy->lock);
    free(copy);
}

static void *misuse_ends_holding_thread(void *arg)
{
    pthread_mutex_lock(&lock); // HELD
    if (right)
        pthread_mutex_unlock(&lock);
    return arg;
}

void misuse_ends_holding(bool fixed)
{
    right = fixed;
    finish(begin(misuse_ends_holding_thread, NULL));
}

static void misuse_cancelled_unlock(void *arg)
{
    pthread_mutex_unlock(arg);
}

static void *misuse_cancelled_thread(void *arg)
{
    pthread_mutex_lock(&lock); // HELD
    pthread_cleanup_push(misuse_cancelled_unlock, &lock);
    step(&steps, 1);
    await(&steps, 2);
    if (right)
        pthread_testcancel();
    pthread_cleanup_pop(0);
    pthread_testcancel();
    pthread_mutex_unlock(&lock);
    return arg;
}

/* Cancelled with the lock: once within the cleanup handler that unlocks, once after it was removed. */
void misuse_cancelled(bool fixed)
{
    right = fixed;
    pthread_t thread = begin(misuse_cancelled_thread, NULL);
    await(&steps, 1);
    pthread_cancel(thread);
    step(&steps, 2);
    finish(thread);
}

static volatile sig_atomic_t misuse_handler_ran;

static void misuse_handler_locks(int signal)
{
    (void)signal;
    if (!right) {
        pthread_mutex_lock(&lock); // MISUSE
        pthread_mutex_unlock(&lock);
    }
    misuse_handler_ran = 1;
}

/* A handler that locks may interrupt whoever has the lock, if not in this run. */
void misuse_handler(bool fixed)
{
    right = fixed;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = misuse_handler_locks}, NULL);
    raise(SIGUSR1);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    if (!misuse_handler_ran)
        pattern_fail("the handler did not run");
}

static int misuse_c11_thread(void *arg)
{
    mtx_unlock(arg); // MISUSE
    return 0;
}

void misuse_c11_non_owner(bool fixed)
{
    mtx_t m;
    thrd_t thread;

    mtx_init(&m, mtx_plain);
    mtx_lock(&m); // HELD
    if (fixed) {
        mtx_unlock(&m);
    } else {
        if (thrd_create(&thread, misuse_c11_thread, &m) != thrd_success)
            pattern_fail("thrd_create");
        thrd_join(thread, NULL);
    }
    mtx_destroy(&m);
}

/* The unlock names another mutex than the lock. */
void misuse_wrong_mutex(bool fixed)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(fixed ? &lock : &other); // MISUSE
    if (!fixed)
        pthread_mutex_unlock(&lock);
}

static pthread_key_t misuse_destructor_key;

static void misuse_destructor_run(void *m)
{
    if (right)
        pthread_mutex_unlock(m);
}

static void *misuse_destructor_thread(void *arg)
{
    pthread_setspecific(misuse_destructor_key, arg);
    pthread_mutex_lock(arg); // HELD
    return NULL;
}

/* A thread ends with the lock, and the destructor of its thread-specific data does not give it back. */
void misuse_destructor(bool fixed)
{
    right = fixed;
    pthread_key_create(&misuse_destructor_key, misuse_destructor_run);
    finish(begin(misuse_destructor_thread, &lock));
}

static void *misuse_exit_thread(void *arg)
{
    pthread_mutex_lock(&lock); // HELD
    if (right)
        exit(0);
    return arg;
}

/* The twin's thread ends the process with the lock, and the lock with it. */
void misuse_exit(bool fixed)
{
    right = fixed;
    finish(begin(misuse_exit_thread, NULL));
}

static void misuse_handler_masked_locks(int signal)
{
    (void)signal;
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    misuse_handler_ran = 1;
}

static void *misuse_handler_masked_send(void *arg)
{
    pthread_kill(*(pthread_t *)arg, SIGUSR1);
    return NULL;
}

/* A handler takes a lock under which the signal is not blocked. The twin's comes only when nothing is held. */
void misuse_handler_masked(bool fixed)
{
    pthread_t self = pthread_self(), sender;
    sigset_t set, before;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = misuse_handler_masked_locks}, NULL);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    sender = begin(misuse_handler_masked_send, &self);
    finish(sender);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    while (!misuse_handler_ran)
        sigsuspend(&before);
    if (!fixed)
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}
