/* A signal handler runs in the thread that it interrupts: its accesses are that thread's, and race with other threads'.
 * */
#include "barrier.h"
#include <pthread.h>
#include <signal.h>

static struct schedule s;
static int value;

static void handler(int number)
{
    value = number; // RACE
}

static void *other(void *arg)
{
    value = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    pthread_kill(pthread_self(), SIGUSR1);
    pthread_join(thread, NULL);
    return value == SIGUSR1 ? 0 : 1;
}
