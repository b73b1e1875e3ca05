/* A thread may get a signal before its first own instruction, and a handler that comes so early belongs to the thread
 * that is being born: what the thread does later is still known to whoever joins it. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>

enum { THREADS = 2000 };
static sem_t handled;
static int result;

static void handler(int number)
{
    (void)number;
    sem_post(&handled);
}

static void *work(void *arg)
{
    result++;
    return arg;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    int signals = 0;
    sem_init(&handled, 0, 0);
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, work, NULL);
        pthread_kill(thread, SIGUSR1); /* not joined yet: the id is valid, the thread new, busy or at its end */
        pthread_join(thread, NULL);
        signals += sem_trywait(&handled) == 0;
    }
    if (result == THREADS && signals > 0)
        return 0;
    printf("%d threads, %d signals\n", result, signals);
    return 1;
}
