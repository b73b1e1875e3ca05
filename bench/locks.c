/* Two nested locks that nobody else wants, as often as the first argument says; prints nanoseconds a round. A second thread
 * exists and sleeps: libc takes shortcuts while there is only one. Ordinary code, not compiled with the hooks. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER, inner = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t end = PTHREAD_MUTEX_INITIALIZER;

static void *sleeper(void *arg)
{
    pthread_mutex_lock(&end);
    pthread_mutex_unlock(&end);
    return arg;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 10000000;
    pthread_t thread;
    pthread_mutex_lock(&end);
    if (pthread_create(&thread, NULL, sleeper, NULL))
        return 1;
    double begin = now();
    for (long i = 0; i < rounds; i++) {
        pthread_mutex_lock(&outer);
        pthread_mutex_lock(&inner);
        pthread_mutex_unlock(&inner);
        pthread_mutex_unlock(&outer);
    }
    printf("%.1f\n", (now() - begin) / (double)rounds);
    pthread_mutex_unlock(&end);
    return pthread_join(thread, NULL);
}
