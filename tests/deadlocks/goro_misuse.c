/* Channels, locks and wait groups of goroutines used against their rules. Where the runtime knows the rule it panics. */
#include "goroutine.h"
#include <pthread.h>
#include <string.h>

static goro_waitgroup done;
static struct schedule steps;
static bool right; /* the twin runs */

void misuse_goro_close_twice(bool fixed)
{
    goro_chan_of(int) c = goro_chan_make(int, 0);

    goro_chan_close(c);
    if (!fixed)
        goro_chan_close(c); // MISUSE
    goro_chan_free(c);
}

void misuse_goro_close_nil(bool fixed)
{
    goro_chan_of(int) c = fixed ? goro_chan_make(int, 0) : NULL;

    goro_chan_close(c); // MISUSE
    goro_chan_free(c);
}

void misuse_goro_send_closed(bool fixed)
{
    goro_chan_of(int) c = goro_chan_make(int, 1);

    if (fixed)
        goro_chan_send(c, 1);
    goro_chan_close(c);
    if (!fixed)
        goro_chan_send(c, 1); // MISUSE
}

static void misuse_goro_two_closers_close(goro_chan_of(int) c, int turn)
{
    await_step(&steps, turn);
    if (turn == 0 || !right)
        goro_chan_close(c); // MISUSE
    step(&steps, turn + 1);
    goro_waitgroup_done(&done);
}

/* Both workers close the channel that they share. In the twin it is the task of one. */
void misuse_goro_two_closers(bool fixed)
{
    goro_chan_of(int) c = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 2);
    must_go(misuse_goro_two_closers_close, c, 0);
    must_go(misuse_goro_two_closers_close, c, 1);
    goro_waitgroup_wait(&done);
}

void misuse_goro_negative(bool fixed)
{
    goro_waitgroup_add(&done, 1);
    goro_waitgroup_done(&done);
    if (!fixed)
        goro_waitgroup_done(&done); // MISUSE
}

static void misuse_goro_unlock_other_unlock(goro_mutex *m)
{
    goro_mutex_unlock(m);
    goro_waitgroup_done(&done);
}

/* Unlock without a lock. The twin's is by another goroutine, which is allowed. */
void misuse_goro_unlock_unlocked(bool fixed)
{
    static goro_mutex m;

    if (fixed) {
        goro_mutex_lock(&m);
        goro_waitgroup_add(&done, 1);
        must_go(misuse_goro_unlock_other_unlock, &m);
        goro_waitgroup_wait(&done);
    } else {
        goro_mutex_unlock(&m); // MISUSE
    }
}

void misuse_goro_runlock_unlocked(bool fixed)
{
    static goro_rwmutex rw;

    if (fixed)
        goro_rwmutex_rlock(&rw);
    goro_rwmutex_runlock(&rw); // MISUSE
}

static void misuse_goro_ends_holding_work(goro_mutex *m)
{
    goro_mutex_lock(m); // HELD
    if (right)
        goro_mutex_unlock(m);
    goro_waitgroup_done(&done);
}

/* A goroutine ends with the lock, and nobody unlocks it in its place. */
void misuse_goro_ends_holding(bool fixed)
{
    static goro_mutex m;

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(misuse_goro_ends_holding_work, &m);
    goro_waitgroup_wait(&done);
    while (goro_num_goroutines() > 1)
        goro_yield();
}

struct guarded {
    goro_mutex lock;
    int value;
};

/* The copy of a struct is used with the lock in it. */
void misuse_goro_copied(bool fixed)
{
    static struct guarded from, copy;

    goro_mutex_lock(&from.lock);
    if (fixed) {
        copy.value = from.value;
        goro_mutex_lock(&copy.lock);
    } else {
        memcpy(&copy, &from, sizeof copy);
    }
    copy.value++;
    goro_mutex_unlock(&copy.lock); // MISUSE
    goro_mutex_unlock(&from.lock);
}

static void misuse_goro_copied_group_work(goro_waitgroup *group)
{
    goro_waitgroup_done(group); // MISUSE
}

/* The worker gets, and counts itself out of, a copy. */
void misuse_goro_copied_group(bool fixed)
{
    static goro_waitgroup copy;

    goro_waitgroup_add(&done, 1);
    memcpy(&copy, &done, sizeof copy);
    must_go(misuse_goro_copied_group_work, fixed ? &done : &copy);
    goro_waitgroup_wait(&done);
}

static pthread_mutex_t thread_lock = PTHREAD_MUTEX_INITIALIZER;

/* A thread's mutex is held over a switch of goroutines: the goroutine may go on in another thread. */
void misuse_goro_pthread_held(bool fixed)
{
    goro_pin(); /* so that the unlock is the owner's */
    pthread_mutex_lock(&thread_lock); // HELD
    if (fixed)
        pthread_mutex_unlock(&thread_lock);
    goro_sleep(GORO_MILLISECOND); // MISUSE
    if (!fixed)
        pthread_mutex_unlock(&thread_lock);
    goro_unpin();
}
