/* Signals hit threads anywhere: in the allocator, in locks, in libc, in their own code. The handler uses what a handler
 * may use: atomics, sem_post, the thread's own variables, errno kept. Each signal is acknowledged, so none is merged.
 * */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, SIGNALS = 2000 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t acknowledged;
static atomic_int stop, handled;
static __thread volatile sig_atomic_t mine;
static int work_done[THREADS], wrong_errno, mine_total;

static void handler(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)number;
    (void)info;
    (void)context;
    mine++;
    atomic_fetch_add_explicit(&handled, 1, memory_order_relaxed);
    sem_post(&acknowledged);
    errno = saved;
}

static int less(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void *work(void *arg)
{
    int me = (int)((int *)arg - work_done), bad = 0;
    for (int i = 0; !atomic_load_explicit(&stop, memory_order_acquire); i++) {
        int numbers[32];
        for (int k = 0; k < 32; k++)
            numbers[k] = (k * 7 + i) % 32;
        errno = 1000 + me;
        qsort(numbers, 32, sizeof numbers[0], less);
        char *copy = malloc(sizeof numbers);
        memcpy(copy, numbers, sizeof numbers);
        bad += errno != 1000 + me || numbers[0] != 0;
        free(copy);
        pthread_mutex_lock(&lock);
        work_done[me]++;
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    wrong_errno += bad;
    mine_total += mine;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    pthread_t thread[THREADS];
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
    sem_init(&acknowledged, 0, 0);
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, &work_done[i]);
    for (int i = 0; i < SIGNALS; i++) {
        pthread_kill(thread[i % THREADS], SIGUSR1);
        while (sem_wait(&acknowledged) != 0)
            ;
    }
    atomic_store_explicit(&stop, 1, memory_order_release);
    int busy = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        busy &= work_done[i] > 0;
    }
    if (handled == SIGNALS && mine_total == SIGNALS && wrong_errno == 0 && busy)
        return 0;
    printf("%d handled, %d counted, %d errno changed, busy %d\n", handled, mine_total, wrong_errno, busy);
    return 1;
}
