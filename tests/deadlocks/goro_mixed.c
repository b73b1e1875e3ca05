/* Goroutines that wait for each other through a channel or a wait group on one side and a lock on the other. */
#include "goroutine.h"
#include <pthread.h>

static goro_mutex lock;
static goro_rwmutex rwlock;
static goro_waitgroup done;
static struct schedule steps;
static bool right; /* the twin runs */

/* ---- channel and lock ---- */

static void deadlock_goro_send_locked_produce(goro_chan_of(int) out)
{
    goro_mutex_lock(&lock); // HELD
    step(&steps, 1);
    if (right)
        goro_mutex_unlock(&lock);
    goro_chan_send(out, 1); // WAITS
    if (!right)
        goro_mutex_unlock(&lock);
    goro_waitgroup_done(&done);
}

/* Sends under the lock that the receiver takes first. */
void deadlock_goro_send_locked(bool fixed)
{
    goro_chan_of(int) c = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(deadlock_goro_send_locked_produce, c);
    await_step(&steps, 1);
    goro_mutex_lock(&lock); // WAITS
    goro_chan_take(c);
    goro_mutex_unlock(&lock);
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_receive_locked_produce(goro_chan_of(int) out)
{
    await_step(&steps, right ? 0 : 1);
    goro_mutex_lock(&lock); // WAITS
    goro_mutex_unlock(&lock);
    goro_chan_send(out, 1);
    goro_waitgroup_done(&done);
}

/* Receives under the lock that the sender takes first. */
void deadlock_goro_receive_locked(bool fixed)
{
    goro_chan_of(int) c = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(deadlock_goro_receive_locked_produce, c);
    if (!fixed)
        goro_mutex_lock(&lock); // HELD
    step(&steps, 1);
    goro_chan_take(c); // WAITS
    if (!fixed)
        goro_mutex_unlock(&lock);
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_notify_readers_notify(goro_chan_of(int) listener)
{
    goro_rwmutex_rlock(&rwlock); // HELD
    step(&steps, 1);
    if (right)
        goro_rwmutex_runlock(&rwlock);
    goro_chan_send(listener, 1); // WAITS
    if (!right)
        goro_rwmutex_runlock(&rwlock);
    goro_waitgroup_done(&done);
}

/* Listeners are told under the read lock of their list; one is about to leave the list, and writes. */
void deadlock_goro_notify_readers(bool fixed)
{
    goro_chan_of(int) listener = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(deadlock_goro_notify_readers_notify, listener);
    await_step(&steps, 1);
    goro_rwmutex_lock(&rwlock); // WAITS
    goro_rwmutex_unlock(&rwlock);
    goro_chan_take(listener);
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_full_buffer_fill(goro_chan_of(int) queue)
{
    if (!right)
        goro_mutex_lock(&lock); // HELD
    for (int i = 0; i < 4; i++) {
        if (i == 2)
            step(&steps, 1);
        goro_chan_send(queue, i); // WAITS
    }
    if (!right)
        goro_mutex_unlock(&lock);
    goro_waitgroup_done(&done);
}

/* Fills a channel with room for two under the lock that its consumer takes for each value. */
void deadlock_goro_full_buffer(bool fixed)
{
    goro_chan_of(int) queue = goro_chan_make(int, 2);

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(deadlock_goro_full_buffer_fill, queue);
    await_step(&steps, 1);
    for (int i = 0; i < 4; i++) {
        goro_mutex_lock(&lock); // WAITS
        goro_chan_take(queue);
        goro_mutex_unlock(&lock);
    }
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_stop_loop(goro_chan_of(int) stop, goro_chan_of(int) stopped)
{
    goro_chan_recv(stop, NULL);
    goro_mutex_lock(&lock); // WAITS
    goro_mutex_unlock(&lock);
    goro_chan_close(stopped);
}

/* Stops a loop and waits for its end under the lock that the loop's last round takes. */
void deadlock_goro_stop(bool fixed)
{
    goro_chan_of(int) stop = goro_chan_make(int, 0), stopped = goro_chan_make(int, 0);

    must_go(deadlock_goro_stop_loop, stop, stopped);
    goro_mutex_lock(&lock); // HELD
    goro_chan_close(stop);
    if (fixed)
        goro_mutex_unlock(&lock);
    goro_chan_recv(stopped, NULL); // WAITS
    if (!fixed)
        goro_mutex_unlock(&lock);
}

static void deadlock_goro_channel_as_lock_take(goro_chan_of(int) token, bool token_first)
{
    if (token_first)
        goro_chan_send(token, 1);
    else
        goro_mutex_lock(&lock); // HELD
    if (!right)
        rendezvous(2);
    if (token_first)
        goro_mutex_lock(&lock); // WAITS
    else
        goro_chan_send(token, 1); // WAITS
    goro_chan_take(token);
    goro_mutex_unlock(&lock);
    goro_waitgroup_done(&done);
}

/* A channel of one place as a lock, and a mutex, in both orders. */
void deadlock_goro_channel_as_lock(bool fixed)
{
    goro_chan_of(int) token = goro_chan_make(int, 1);

    right = fixed;
    goro_waitgroup_add(&done, 2);
    must_go(deadlock_goro_channel_as_lock_take, token, true);
    must_go(deadlock_goro_channel_as_lock_take, token, fixed);
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_select_locked_serve(goro_chan_of(int) requests, goro_chan_of(int) quit)
{
    goro_mutex_lock(&lock); // HELD
    step(&steps, 1);
    if (right)
        goro_mutex_unlock(&lock);
    goro_select { // WAITS
        goro_recv_case(requests, NULL) {}
        goro_recv_case(quit, NULL) {}
    }
    if (!right)
        goro_mutex_unlock(&lock);
    goro_waitgroup_done(&done);
}

/* Selects under the lock that whoever could send or close takes first. */
void deadlock_goro_select_locked(bool fixed)
{
    goro_chan_of(int) requests = goro_chan_make(int, 0), quit = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(deadlock_goro_select_locked_serve, requests, quit);
    await_step(&steps, 1);
    goro_mutex_lock(&lock); // WAITS
    goro_chan_close(quit);
    goro_mutex_unlock(&lock);
    goro_waitgroup_wait(&done);
}

/* ---- channel and wait group ---- */

static void stuck_goro_wait_before_drain_work(goro_chan_of(int) results, int value)
{
    goro_chan_send(results, value); // WAITS
    goro_waitgroup_done(&done);
}

/* Waits for workers whose results it has not taken. */
void stuck_goro_wait_before_drain(bool fixed)
{
    goro_chan_of(int) results = goro_chan_make(int, 0);

    goro_waitgroup_add(&done, 3);
    for (int i = 0; i < 3; i++)
        must_go(stuck_goro_wait_before_drain_work, results, i);
    if (fixed)
        for (int i = 0; i < 3; i++)
            goro_chan_take(results);
    goro_waitgroup_wait(&done); // WAITS
}

static void stuck_goro_closer_close(goro_chan_of(int) results)
{
    goro_waitgroup_wait(&done);
    goro_chan_close(results);
}

static void stuck_goro_closer_work(goro_chan_of(int) results, bool skips)
{
    if (!skips || right) {
        goro_chan_send(results, 1);
        goro_waitgroup_done(&done);
    }
}

/* One of the workers is not counted out, so that the results are never closed. */
void stuck_goro_closer(bool fixed)
{
    goro_chan_of(int) results = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 3);
    for (int i = 0; i < 3; i++)
        must_go(stuck_goro_closer_work, results, i == 1);
    must_go(stuck_goro_closer_close, results);
    goro_chan_range(results, value) // WAITS
        (void)value;
}

/* ---- wait group ---- */

static void stuck_goro_no_done_work(int number)
{
    if (number == 2 && !right)
        return;
    goro_waitgroup_done(&done);
}

void stuck_goro_no_done(bool fixed)
{
    right = fixed;
    goro_waitgroup_add(&done, 4);
    for (int i = 0; i < 4; i++)
        must_go(stuck_goro_no_done_work, i);
    goro_waitgroup_wait(&done); // WAITS
}

/* Counts more than it starts. */
void stuck_goro_add_too_many(bool fixed)
{
    right = true;
    goro_waitgroup_add(&done, fixed ? 3 : 4);
    for (int i = 0; i < 3; i++)
        must_go(stuck_goro_no_done_work, i);
    goro_waitgroup_wait(&done); // WAITS
}

static void stuck_goro_worker_waits_work(void)
{
    if (right)
        goro_waitgroup_done(&done);
    goro_waitgroup_wait(&done); // WAITS
    if (!right)
        goro_waitgroup_done(&done);
}

/* A worker waits for the group that it is counted in. */
void stuck_goro_worker_waits(bool fixed)
{
    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(stuck_goro_worker_waits_work);
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_wait_locked_work(void)
{
    goro_mutex_lock(&lock); // WAITS
    goro_mutex_unlock(&lock);
    goro_waitgroup_done(&done);
}

/* Waits for workers under the lock that they take. */
void deadlock_goro_wait_locked(bool fixed)
{
    goro_mutex_lock(&lock); // HELD
    goro_waitgroup_add(&done, 2);
    must_go(deadlock_goro_wait_locked_work);
    must_go(deadlock_goro_wait_locked_work);
    if (fixed)
        goro_mutex_unlock(&lock);
    goro_waitgroup_wait(&done); // WAITS
    if (!fixed)
        goro_mutex_unlock(&lock);
}

/* ---- pool ---- */

static struct goro_pool *pool;

static void stuck_goro_pool_inner(void *arg)
{
    (void)arg;
}

static void stuck_goro_pool_outer(void *arg)
{
    (void)arg;
    if (right)
        goro_pool_try_submit(pool, stuck_goro_pool_inner, NULL);
    else
        goro_pool_submit(pool, stuck_goro_pool_inner, NULL); // WAITS
}

/* A task of a pool of one worker hands it another and waits for a free worker. */
void stuck_goro_pool(bool fixed)
{
    right = fixed;
    pool = goro_pool_new(1, 0);
    goro_pool_submit(pool, stuck_goro_pool_outer, NULL);
    goro_pool_wait(pool); /* a close would end the submit */
    goro_pool_close(pool);
}

/* ---- a thread's lock in goroutines ---- */

static pthread_mutex_t thread_lock = PTHREAD_MUTEX_INITIALIZER;

static void deadlock_goro_pthread_mutex_send(goro_chan_of(int) c)
{
    pthread_mutex_lock(&thread_lock); // HELD
    step(&steps, 1);
    if (right)
        pthread_mutex_unlock(&thread_lock);
    goro_chan_send(c, 1); // WAITS
    if (!right)
        pthread_mutex_unlock(&thread_lock);
    goro_waitgroup_done(&done);
}

/* A thread's mutex is held over a send; the receiver wants it first, and blocks its thread. */
void deadlock_goro_pthread_mutex(bool fixed)
{
    goro_chan_of(int) c = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(deadlock_goro_pthread_mutex_send, c);
    await_step(&steps, 1);
    pthread_mutex_lock(&thread_lock); // WAITS
    pthread_mutex_unlock(&thread_lock);
    goro_chan_take(c);
    goro_waitgroup_wait(&done);
}
