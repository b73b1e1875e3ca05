/* A signal that one thread sends to another, which takes it with sigwait, hands over what was written before. */
#include <pthread.h>
#include <signal.h>

static int message;

static void *receiver(void *arg)
{
    sigset_t *set = arg;
    int number = 0;
    sigwait(set, &number);
    return number == SIGUSR1 && message == 42 ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    sigset_t set;
    void *ok = NULL;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_create(&thread, NULL, receiver, &set);
    message = 42;
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, &ok);
    return ok ? 0 : 1;
}
