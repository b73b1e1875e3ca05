/* The race is in a program that a fork's child executes; the parent has none. The preload is inherited. */
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

static int races(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    value = 2; // RACE
    pthread_join(thread, NULL);
    return value == 2 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int status = 0;
    if (argc > 1)
        return races();
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", argv[0], "child", (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
