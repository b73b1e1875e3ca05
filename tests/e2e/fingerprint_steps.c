/* Findings that differ from run to run in how many take part, or who comes first: fingerprint_steps SHAPE ORDER.
 * tests/e2e/fingerprints compares what both are called. */
#define GORO_SHORT_NAMES
#include <gorace/annotate.h>
#include <goro/goro.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "contended.h"
#include "waiting.h"

static int order;
static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER, right = PTHREAD_MUTEX_INITIALIZER;

/* ---- goroutines: few or many, which wait at one place or at two, and these in either order ---- */

static void send_one(chan_of(int) to)
{
    chan_send(to, 1);
}

static void receive_one(chan_of(int) from)
{
    int got;
    chan_recv(from, &got);
}

static __attribute__((noinline)) void abandon(int n)
{
    for (int i = 0; i < n; i++)
        go(send_one, chan_make(int, 0));
}

static __attribute__((noinline)) void abandon_both(int senders_first)
{
    for (int i = 0; i < 2; i++)
        if (senders_first == (i == 0))
            go(send_one, chan_make(int, 0));
        else
            go(receive_one, chan_make(int, 0));
}

static int many_senders(void *arg)
{
    int n = order ? 40 : 2; /* a report shows 16 of one place */
    abandon(n);
    await_waiting("chan send", n);
    return arg != NULL;
}

static int two_places(void *arg)
{
    abandon_both(order);
    await_waiting("chan send", 1);
    await_waiting("chan receive", 1);
    return arg != NULL;
}

/* All goroutines are asleep: more than a report has room for, of which the oldest or the newest waits elsewhere. */
static int everybody(void *arg)
{
    chan_of(int) never = chan_make(int, 0), other = chan_make(int, 0);
    (void)arg;
    if (order)
        go(receive_one, other);
    for (int i = 0; i < (order ? 300 : 3); i++)
        go(send_one, never);
    if (!order)
        go(receive_one, other);
    receive_one(other);
    return 0;
}

/* ---- threads ---- */

struct job {
    pthread_mutex_t lock;
    pthread_cond_t ready, here;
    int begun;
};

static void *worker(void *arg)
{
    struct job *job = arg;
    pthread_mutex_lock(&job->lock);
    job->begun++;
    pthread_cond_signal(&job->here);
    while (job->begun)
        pthread_cond_wait(&job->ready, &job->lock);
    return NULL;
}

static __attribute__((noinline)) void request(int n)
{
    pthread_t thread;
    struct job *job = calloc(1, sizeof *job);
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->ready, NULL);
    pthread_cond_init(&job->here, NULL);
    pthread_mutex_lock(&job->lock);
    for (int i = 0; i < n; i++) {
        pthread_create(&thread, NULL, worker, job);
        pthread_detach(thread);
    }
    while (job->begun < n)
        pthread_cond_wait(&job->here, &job->lock);
    pthread_mutex_unlock(&job->lock);
}

static void threads(void)
{
    request(order ? 20 : 1);
    gorace_check_stuck();
}

/* Two locks in a circle, which either thread may close. */
static struct barrier both;

static void *right_left(void *arg)
{
    pthread_mutex_lock(&right);
    barrier_wait(&both, 2);
    if (order)
        await_contended(&right);
    pthread_mutex_lock(&left);
    return arg;
}

static void *left_right(void *arg)
{
    pthread_mutex_lock(&left);
    barrier_wait(&both, 2);
    if (!order)
        await_contended(&left);
    pthread_mutex_lock(&right);
    return arg;
}

static void cycle(void)
{
    pthread_t one, two;
    pthread_create(order ? &two : &one, NULL, order ? right_left : left_right, NULL);
    pthread_create(order ? &one : &two, NULL, order ? left_right : right_left, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
}

/* The same without hanging: the order of locks. */
static void *in_order(void *arg)
{
    pthread_mutex_t **locks = arg;
    pthread_mutex_lock(locks[0]);
    pthread_mutex_lock(locks[1]);
    pthread_mutex_unlock(locks[1]);
    pthread_mutex_unlock(locks[0]);
    return NULL;
}

static struct schedule turns;
static pthread_mutex_t *first[] = {&left, &right}, *second[] = {&right, &left};

static void *takes_first(void *arg)
{
    await(&turns, order);
    in_order(first);
    step(&turns, order + 1);
    return arg;
}

static void *takes_second(void *arg)
{
    await(&turns, !order);
    in_order(second);
    step(&turns, 2 - order);
    return arg;
}

static void lock_order(void)
{
    pthread_t one, two;
    pthread_create(&one, NULL, takes_first, NULL);
    pthread_create(&two, NULL, takes_second, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
}

static const struct shape {
    const char *name;
    int (*runs)(void *); /* in goro_run */
    void (*does)(void);
} shapes[] = {
    {"many-senders", many_senders, NULL}, {"two-places", two_places, NULL}, {"everybody", everybody, NULL},
    {"threads", NULL, threads},           {"cycle", NULL, cycle},           {"lock-order", NULL, lock_order},
};

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    order = atoi(argv[2]);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (!strcmp(shapes[i].name, argv[1])) {
            if (shapes[i].runs)
                return goro_run(shapes[i].runs, NULL);
            shapes[i].does();
            return 0;
        }
    return 2;
}
