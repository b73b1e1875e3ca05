/* Threads that sleep most of the time and are woken by each other. In the twins one is always on its way, if only in the kernel:
 * between a signal and the return of the wait, or with the mutex not yet given back. The patterns end a round too early. */
#include "thread.h"
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 300, PARTIES = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER, has_room = PTHREAD_COND_INITIALIZER;
static bool right; /* the twin runs */
static int turn;

static void stuck_ping_pong_play(void *arg)
{
    int me = *(int *)arg, rounds = me == 1 && !right ? ROUNDS - 1 : ROUNDS;

    for (int i = 0; i < rounds; i++) {
        pthread_mutex_lock(&lock);
        while (turn != me)
            pthread_cond_wait(&changed, &lock);
        turn = !me;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
    if (!right && me == 0) {
        pthread_mutex_lock(&lock);
        while (turn != me)
            pthread_cond_wait(&changed, &lock); // WAITS
        pthread_mutex_unlock(&lock);
    }
}

/* Two take turns on one condition; one of them leaves before the last. */
void stuck_ping_pong(bool fixed)
{
    int who[] = {0, 1};

    right = fixed;
    at_once(2, stuck_ping_pong_play, who, sizeof *who);
}

static sem_t sems[2];

static void stuck_ping_pong_sem_play(void *arg)
{
    int me = *(int *)arg, rounds = me == 1 && !right ? ROUNDS - 1 : ROUNDS;

    for (int i = 0; i < rounds; i++) {
        sem_wait(&sems[me]);
        sem_post(&sems[!me]);
    }
    if (me == 0)
        sem_wait(&sems[0]); // WAITS
}

/* The same on two semaphores. */
void stuck_ping_pong_sem(bool fixed)
{
    int who[] = {0, 1};

    right = fixed;
    sem_init(&sems[0], 0, 1);
    sem_init(&sems[1], 0, 0);
    at_once(2, stuck_ping_pong_sem_play, who, sizeof *who);
}

static pthread_barrier_t barrier;

static void stuck_rounds_party(void *arg)
{
    int rounds = *(int *)arg == 2 && !right ? ROUNDS - 1 : ROUNDS;

    for (int i = 0; i < rounds; i++)
        pthread_barrier_wait(&barrier); // WAITS
}

/* Four meet at a barrier many times; one leaves a round too early. */
void stuck_rounds(bool fixed)
{
    int who[PARTIES] = {0, 1, 2, 3};

    right = fixed;
    pthread_barrier_init(&barrier, NULL, PARTIES);
    at_once(PARTIES, stuck_rounds_party, who, sizeof *who);
    pthread_barrier_destroy(&barrier);
}

static int queued, producers = 2;

static void stuck_bounded_produce(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        while (queued == 1)
            pthread_cond_wait(&has_room, &lock);
        queued++;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    producers--;
    if (right && producers == 0)
        pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void stuck_bounded_consume(void)
{
    pthread_mutex_lock(&lock);
    for (;;) {
        while (queued == 0 && (producers > 0 || !right))
            pthread_cond_wait(&changed, &lock); // WAITS
        if (queued == 0)
            break;
        queued--;
        pthread_cond_signal(&has_room);
    }
    pthread_mutex_unlock(&lock);
}

static void stuck_bounded_run(void *arg)
{
    if (*(int *)arg < 2)
        stuck_bounded_produce();
    else
        stuck_bounded_consume();
}

/* A queue of one place between two producers and two consumers, which wait for more when there will be none. */
void stuck_bounded(bool fixed)
{
    int who[PARTIES] = {0, 1, 2, 3};

    right = fixed;
    at_once(PARTIES, stuck_bounded_run, who, sizeof *who);
}

static void *stuck_generations_child(void *arg)
{
    int *left = arg;

    if (--*left > 0) {
        finish(begin(stuck_generations_child, arg));
    } else if (!right) {
        sem_wait(&sems[0]); // WAITS
    }
    return NULL;
}

/* A hundred threads, each of which creates the next and joins it; the last waits for nothing. */
void stuck_generations(bool fixed)
{
    int left = 100;

    right = fixed;
    sem_init(&sems[0], 0, 0);
    finish(begin(stuck_generations_child, &left));
}

/* The twin waits with a time limit. */
void stuck_timed(bool fixed)
{
    struct timespec soon;

    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
    sem_init(&sems[0], 0, 0);
    if (fixed)
        sem_timedwait(&sems[0], &soon);
    else
        sem_wait(&sems[0]); // WAITS
}

static void *stuck_sleeper_thread(void *arg)
{
    if (right) {
        usleep(30000); /* what it is about: a wait that lasts */
        sem_post(&sems[0]);
    }
    return arg;
}

/* Waits for a thread that has ended. The twin's sleeps. */
void stuck_sleeper(bool fixed)
{
    right = fixed;
    sem_init(&sems[0], 0, 0);
    pthread_t thread = begin(stuck_sleeper_thread, NULL);
    sem_wait(&sems[0]); // WAITS
    finish(thread);
}

static void *stuck_sigwait_thread(void *arg)
{
    int signal;

    if (right && sigwait(arg, &signal) == 0)
        sem_post(&sems[0]);
    return NULL;
}

/* The same with a thread that waits for a signal, which another process sends. */
void stuck_sigwait(bool fixed)
{
    pid_t child = 0, self = getpid();
    sigset_t set;

    right = fixed;
    sem_init(&sems[0], 0, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (fixed && (child = fork()) == 0) {
        usleep(30000);
        _exit(kill(self, SIGUSR1) ? 1 : 0);
    }
    pthread_t thread = begin(stuck_sigwait_thread, &set);
    sem_wait(&sems[0]); // WAITS
    finish(thread);
    if (fixed && waitpid(child, NULL, 0) != child)
        pattern_fail("waitpid");
}
