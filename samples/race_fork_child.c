/* The child of a fork is under the detector too: the race is between two threads of the child. */
#include "barrier.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static struct schedule s;
static int value;

static void *other(void *arg)
{
    value = 1; // RACE
    step(&s, 1);
    return arg;
}

static int child(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    value = 2; // RACE
    pthread_join(thread, NULL);
    return value == 2 ? 0 : 1;
}

int main(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        return child();
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
