/* Waits on condition variables, semaphores and barriers that nobody is left to end. */
#include "thread.h"
#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, outer = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static sem_t sem_a, sem_b;
static bool is_ready;
static bool right; /* the twin runs */

static void *stuck_lost_wakeup_signaller(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    is_ready = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* The signal comes first, and nothing remembers it. The twin looks at what the signal is about. */
void stuck_lost_wakeup(bool fixed)
{
    finish(begin(stuck_lost_wakeup_signaller, NULL));
    pthread_mutex_lock(&lock);
    while (!fixed || !is_ready)
        pthread_cond_wait(&changed, &lock); // WAITS
    pthread_mutex_unlock(&lock);
}

static struct schedule waiters;

static void *stuck_one_signal_waiter(void *arg)
{
    pthread_mutex_lock(&lock);
    step(&waiters, *(int *)arg);
    while (!is_ready)
        pthread_cond_wait(&changed, &lock); // WAITS
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Two wait and one is woken, whichever it is. The twin wakes all. */
void stuck_one_signal(bool fixed)
{
    int numbers[] = {1, 2};
    pthread_t threads[2];

    for (int i = 0; i < 2; i++) {
        threads[i] = begin(stuck_one_signal_waiter, &numbers[i]);
        await(&waiters, i + 1);
    }
    pthread_mutex_lock(&lock); /* both wait: each has given the mutex back */
    is_ready = true;
    if (fixed)
        pthread_cond_broadcast(&changed);
    else
        pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 2; i++)
        finish(threads[i]);
}

static void *stuck_still_false_waiter(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    step(&waiters, 1);
    while (!is_ready)
        pthread_cond_wait(&changed, &lock); // WAITS
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* A wake-up without the change that it is about. */
void stuck_still_false(bool fixed)
{
    pthread_t waiter = begin(stuck_still_false_waiter, NULL);

    await(&waiters, 1);
    pthread_mutex_lock(&lock);
    is_ready = fixed;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    finish(waiter);
}

static void *deadlock_nested_monitor_waker(void *arg)
{
    await(&waiters, 1);
    if (!right)
        pthread_mutex_lock(&outer); // WAITS
    pthread_mutex_lock(&lock);
    is_ready = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    if (!right)
        pthread_mutex_unlock(&outer);
    return arg;
}

/* Who waits gives one mutex back and keeps the other, which the waker needs first. The waker of the twin does not. */
void deadlock_nested_monitor(bool fixed)
{
    right = fixed;
    pthread_t waker = begin(deadlock_nested_monitor_waker, NULL);

    pthread_mutex_lock(&outer); // HELD
    pthread_mutex_lock(&lock);
    step(&waiters, 1);
    while (!is_ready)
        pthread_cond_wait(&changed, &lock); // WAITS
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&outer);
    finish(waker);
}

static void *stuck_sem_no_post_worker(void *arg)
{
    if (*(bool *)arg)
        sem_post(&sem_a);
    return NULL;
}

/* The worker ends without the post that main waits for. */
void stuck_sem_no_post(bool fixed)
{
    sem_init(&sem_a, 0, 0);
    pthread_t worker = begin(stuck_sem_no_post_worker, &fixed);
    sem_wait(&sem_a); // WAITS
    finish(worker);
    sem_destroy(&sem_a);
}

static void deadlock_sem_ab_ba_thread(void *arg)
{
    bool swap = *(bool *)arg;
    sem_t *first = swap ? &sem_b : &sem_a, *second = swap ? &sem_a : &sem_b;

    sem_wait(first);
    if (!right)
        meet(2);
    sem_wait(second); // WAITS
    sem_post(second);
    sem_post(first);
}

/* Semaphores of one place as locks, in opposite order. */
void deadlock_sem_ab_ba(bool fixed)
{
    bool swap[] = {false, !fixed};

    right = fixed;
    sem_init(&sem_a, 0, 1);
    sem_init(&sem_b, 0, 1);
    at_once(2, deadlock_sem_ab_ba_thread, swap, sizeof *swap);
}

static void *deadlock_sem_and_lock_poster(void *arg)
{
    (void)arg;
    if (!right)
        await(&waiters, 1);
    pthread_mutex_lock(&lock); // WAITS
    pthread_mutex_unlock(&lock);
    sem_post(&sem_a);
    return NULL;
}

/* Waits for a post with the mutex that the poster needs. */
void deadlock_sem_and_lock(bool fixed)
{
    right = fixed;
    sem_init(&sem_a, 0, 0);
    pthread_t poster = begin(deadlock_sem_and_lock_poster, NULL);
    if (!fixed)
        pthread_mutex_lock(&lock); // HELD
    step(&waiters, 1);
    sem_wait(&sem_a); // WAITS
    if (fixed)
        pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    finish(poster);
}

static pthread_barrier_t barrier;

static void *stuck_barrier_party(void *arg)
{
    (void)arg;
    pthread_barrier_wait(&barrier); // WAITS
    return NULL;
}

/* A barrier of three, where two come. */
void stuck_barrier(bool fixed)
{
    pthread_barrier_init(&barrier, NULL, 3);
    pthread_t first = begin(stuck_barrier_party, NULL), second = begin(stuck_barrier_party, NULL);
    if (fixed)
        pthread_barrier_wait(&barrier);
    finish(first);
    finish(second);
    pthread_barrier_destroy(&barrier);
}

static void *deadlock_barrier_and_lock_party(void *arg)
{
    (void)arg;
    if (!right)
        await(&waiters, 1);
    pthread_mutex_lock(&lock); // WAITS
    pthread_mutex_unlock(&lock);
    pthread_barrier_wait(&barrier);
    return NULL;
}

/* Goes to the barrier with the mutex that the other party needs to get there. */
void deadlock_barrier_and_lock(bool fixed)
{
    right = fixed;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t party = begin(deadlock_barrier_and_lock_party, NULL);
    pthread_mutex_lock(&lock); // HELD
    step(&waiters, 1);
    if (fixed)
        pthread_mutex_unlock(&lock);
    pthread_barrier_wait(&barrier); // WAITS
    if (!fixed)
        pthread_mutex_unlock(&lock);
    finish(party);
    pthread_barrier_destroy(&barrier);
}

static void on_alarm(int signal)
{
    (void)signal;
    sem_post(&sem_a);
}

/* The only other who could post is a signal handler: in the twin a timer is on its way to it. */
void stuck_timer_could_post(bool fixed)
{
    struct itimerval soon = {.it_value = {0, 20000}};

    sem_init(&sem_a, 0, 0);
    if (fixed) {
        sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm, .sa_flags = SA_RESTART}, NULL);
        setitimer(ITIMER_REAL, &soon, NULL);
    }
    while (sem_wait(&sem_a)) // WAITS
        continue;
}

static void *stuck_reader_could_signal_thread(void *arg)
{
    char byte;
    ssize_t got = arg ? read(*(int *)arg, &byte, 1) : 0;

    pthread_mutex_lock(&lock);
    is_ready = got == 1;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* The only other thread reads from a pipe. In the twin another process writes into it. */
void stuck_reader_could_signal(bool fixed)
{
    int fds[2];
    pid_t child;

    if (pipe(fds))
        pattern_fail("pipe");
    child = fixed ? fork() : 0;
    if (fixed && child == 0) {
        usleep(20000); /* an order is not what this is for: the wait has to be one that lasts */
        _exit(write(fds[1], "x", 1) == 1 ? 0 : 1);
    }
    close(fds[1]);
    pthread_t reader = begin(stuck_reader_could_signal_thread, fixed ? &fds[0] : NULL);
    pthread_mutex_lock(&lock);
    while (!is_ready)
        pthread_cond_wait(&changed, &lock); // WAITS
    pthread_mutex_unlock(&lock);
    finish(reader);
    if (fixed && waitpid(child, NULL, 0) != child)
        pattern_fail("waitpid");
}

static void *stuck_queue_producer(void *arg)
{
    int *left = arg;

    pthread_mutex_lock(&lock);
    *left += 3;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    if (right) {
        pthread_mutex_lock(&lock);
        is_ready = true; /* no more will come */
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* A consumer that is never told that the producer has ended. */
void stuck_queue(bool fixed)
{
    int left = 0, done = 0;

    right = fixed;
    pthread_t producer = begin(stuck_queue_producer, &left);
    pthread_mutex_lock(&lock);
    for (;;) {
        while (left == 0 && !is_ready)
            pthread_cond_wait(&changed, &lock); // WAITS
        if (left == 0)
            break;
        left--;
        done++;
    }
    pthread_mutex_unlock(&lock);
    finish(producer);
    if (done != 3)
        pattern_fail("not all was consumed");
}
