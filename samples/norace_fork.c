/* fork in a program with threads: the other thread is gone in the child, without a trace. What it did is no race with
 * what the child does, and the child may start threads of its own. */
#include "barrier.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static struct schedule s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int value;

static void *count(void *arg)
{
    pthread_mutex_lock(&lock);
    value++;
    pthread_mutex_unlock(&lock);
    return arg;
}

static void *other(void *arg)
{
    count(NULL);
    step(&s, 1);
    await(&s, 2);
    return arg;
}

int main(void)
{
    pthread_t thread;
    int status = 1;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    pid_t pid = fork();
    if (pid == 0) {
        value++; /* a copy: this process has one thread */
        pthread_create(&thread, NULL, count, NULL);
        pthread_join(thread, NULL);
        return value == 3 ? 0 : 1;
    }
    waitpid(pid, &status, 0);
    step(&s, 2);
    pthread_join(thread, NULL);
    return status == 0 && value == 1 ? 0 : 1;
}
