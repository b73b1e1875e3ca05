/* Goroutines that sleep most of the time and are woken by each other, by timers and by other threads. In the twins one is
 * always on its way; the patterns end a round too early. */
#include "goroutine.h"
#include <pthread.h>

enum { ROUNDS = 300 };

static goro_waitgroup done;
static bool right; /* the twin runs */

static void stuck_goro_ping_pong_play(goro_chan_of(int) in, goro_chan_of(int) out, bool leaves)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (leaves && !right && i == ROUNDS - 1)
            break;
        goro_chan_take(in); // WAITS
        goro_chan_send(out, i);
    }
    goro_waitgroup_done(&done);
}

/* Two pass a value to and fro; one leaves a round too early. */
void stuck_goro_ping_pong(bool fixed)
{
    goro_chan_of(int) there = goro_chan_make(int, 1), back = goro_chan_make(int, 1);

    right = fixed;
    goro_waitgroup_add(&done, 2);
    must_go(stuck_goro_ping_pong_play, there, back, true);
    must_go(stuck_goro_ping_pong_play, back, there, false);
    goro_chan_send(there, 0);
    goro_waitgroup_wait(&done);
}

static goro_mutex lock;
static goro_cond changed;
static int turn;

static void stuck_goro_turns_play(int me)
{
    int rounds = me == 1 && !right ? ROUNDS - 1 : ROUNDS;

    goro_mutex_lock(&lock);
    for (int i = 0; i < rounds; i++) {
        while (turn != me)
            goro_cond_wait(&changed, &lock); // WAITS
        turn = (me + 1) % 3;
        goro_cond_broadcast(&changed);
    }
    goro_mutex_unlock(&lock);
    goro_waitgroup_done(&done);
}

/* Three take turns on a condition. */
void stuck_goro_turns(bool fixed)
{
    right = fixed;
    goro_waitgroup_add(&done, 3);
    for (int i = 0; i < 3; i++)
        must_go(stuck_goro_turns_play, i);
    goro_waitgroup_wait(&done);
}

/* The only one sleeps, many times; then waits for what no timer brings. */
void stuck_goro_sleeper(bool fixed)
{
    struct goro_ticker *ticker = goro_ticker_new(GORO_MILLISECOND);
    goro_chan_of(int) never = goro_chan_make(int, 0);

    for (int i = 0; i < 10; i++) {
        goro_sleep(GORO_MILLISECOND / 2);
        goro_chan_take(goro_ticker_chan(ticker));
        goro_select {
            goro_recv_case(never, NULL) {}
            goro_timeout_case(GORO_MILLISECOND / 2) {}
        }
    }
    goro_ticker_free(ticker);
    if (!fixed)
        goro_chan_take(never); // WAITS
    goro_chan_free(never);
}

static void *stuck_goro_thread_push(void *queue)
{
    for (int i = 0; i < ROUNDS; i++)
        goro_queue_push(queue, &i);
    if (right)
        goro_queue_close(queue);
    return NULL;
}

/* All goroutines sleep, and a thread outside of the runtime wakes them: until it has ended. */
void stuck_goro_thread(bool fixed)
{
    struct goro_queue *queue = goro_queue_new(sizeof(int));
    pthread_t thread;
    int value;

    right = fixed;
    if (pthread_create(&thread, NULL, stuck_goro_thread_push, queue))
        pattern_fail("pthread_create");
    while (goro_queue_pop(queue, &value, GORO_FOREVER) == 1) // WAITS
        continue;
    pthread_join(thread, NULL);
    goro_queue_free(queue);
}

static void stuck_goro_pipe_read(int fd)
{
    char byte;

    while (goro_read(fd, &byte, 1, GORO_FOREVER) == 1)
        continue;
    goro_waitgroup_done(&done);
}

/* A reader of a pipe, whose other end main writes and closes; the pattern waits for one more than there is. */
void stuck_goro_pipe(bool fixed)
{
    int fds[2];

    if (goro_pipe(fds))
        pattern_fail("goro_pipe");
    goro_waitgroup_add(&done, fixed ? 1 : 2);
    must_go(stuck_goro_pipe_read, fds[0]);
    for (int i = 0; i < 20; i++)
        if (goro_write(fds[1], "x", 1, GORO_FOREVER) != 1)
            pattern_fail("goro_write");
    goro_close(fds[1]);
    goro_waitgroup_wait(&done); // WAITS
    goro_close(fds[0]);
}
