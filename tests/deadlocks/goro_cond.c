/* Goroutines and conditions, semaphores, once. */
#include "goroutine.h"

static goro_mutex lock;
static goro_cond changed;
static goro_waitgroup done;
static goro_sem places;
static struct schedule steps;
static bool is_ready, right; /* right: the twin runs */

static void stuck_goro_signal_first_signal(void)
{
    goro_mutex_lock(&lock);
    is_ready = true;
    goro_cond_signal(&changed);
    goro_mutex_unlock(&lock);
    goro_waitgroup_done(&done);
}

/* The signal comes before the wait. The twin looks first. */
void stuck_goro_signal_first(bool fixed)
{
    goro_waitgroup_add(&done, 1);
    must_go(stuck_goro_signal_first_signal);
    goro_waitgroup_wait(&done);
    goro_mutex_lock(&lock);
    while (!fixed || !is_ready)
        goro_cond_wait(&changed, &lock); // WAITS
    goro_mutex_unlock(&lock);
}

static void wait_ready(int number)
{
    goro_mutex_lock(&lock);
    step(&steps, number);
    while (!is_ready)
        goro_cond_wait(&changed, &lock); // WAITS
    goro_mutex_unlock(&lock);
    goro_waitgroup_done(&done);
}

static void start_two_waiters(void)
{
    goro_waitgroup_add(&done, 2);
    must_go(wait_ready, 1);
    await_step(&steps, 1);
    must_go(wait_ready, 2);
    await_step(&steps, 2);
    goro_mutex_lock(&lock); /* both wait: each has given the mutex back */
}

/* One signal for two. */
void stuck_goro_one_signal(bool fixed)
{
    start_two_waiters();
    is_ready = true;
    if (fixed)
        goro_cond_broadcast(&changed);
    else
        goro_cond_signal(&changed);
    goro_mutex_unlock(&lock);
    goro_waitgroup_wait(&done);
}

/* The end changes the condition and tells nobody. */
void stuck_goro_silent_close(bool fixed)
{
    start_two_waiters();
    is_ready = true;
    goro_mutex_unlock(&lock);
    if (fixed)
        goro_cond_broadcast(&changed);
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_cond_and_chan_fill(goro_chan_of(int) queue)
{
    goro_mutex_lock(&lock); // HELD
    if (right)
        goro_mutex_unlock(&lock);
    step(&steps, 1);
    goro_chan_send(queue, 1); // WAITS
    if (right)
        goro_mutex_lock(&lock);
    is_ready = true;
    goro_cond_signal(&changed);
    goro_mutex_unlock(&lock);
    goro_waitgroup_done(&done);
}

/* Sends, under the condition's mutex, to who first needs that mutex. */
void deadlock_goro_cond_and_chan(bool fixed)
{
    goro_chan_of(int) queue = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(deadlock_goro_cond_and_chan_fill, queue);
    await_step(&steps, 1);
    if (!fixed) {
        goro_mutex_lock(&lock); // WAITS
        goro_mutex_unlock(&lock);
    }
    goro_chan_take(queue);
    goro_waitgroup_wait(&done);
}

static void stuck_goro_cond_instead_of_chan_stop(goro_chan_of(int) stop)
{
    goro_chan_take(stop);
    if (right) {
        goro_mutex_lock(&lock);
        is_ready = true;
        goro_cond_broadcast(&changed);
        goro_mutex_unlock(&lock);
    }
    goro_waitgroup_done(&done);
}

/* The news of the end comes by a channel, but the worker waits on a condition. The twin's go-between passes it on. */
void stuck_goro_cond_instead_of_chan(bool fixed)
{
    goro_chan_of(int) stop = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 2);
    must_go(wait_ready, 1);
    must_go(stuck_goro_cond_instead_of_chan_stop, stop);
    await_step(&steps, 1);
    goro_chan_close(stop);
    goro_waitgroup_wait(&done);
}

/* More places than there are, and nobody who gives one back. */
void stuck_goro_sem(bool fixed)
{
    goro_sem_release(&places, 2);
    goro_sem_acquire(&places, 1);
    goro_sem_acquire(&places, fixed ? 1 : 2); // WAITS
}

static goro_once once, other_once;

static void nothing(void *arg)
{
    (void)arg;
}

static void deadlock_goro_once_init(void *arg)
{
    goro_once_do(arg, nothing, NULL); // WAITS
}

/* The function of a once calls it again. */
void deadlock_goro_once(bool fixed)
{
    goro_once_do(&once, deadlock_goro_once_init, fixed ? &other_once : &once);
}
