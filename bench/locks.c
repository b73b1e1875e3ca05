/* Rounds of lock and unlock that nobody else wants:  locks MODE ROUNDS
 *
 *   single   a mutex                        nested   a second one inside
 *   third    a third one inside of both     read     a readers-writer lock, for reading
 *   told     two nested, and a semaphore posted after each round: what was noted has to be renewed
 *
 * Prints nanoseconds a round. A second thread exists and sleeps: libc takes shortcuts while there is only one. Ordinary
 * code, not compiled with the hooks. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER, inner = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t innermost = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static sem_t heard, over;

static void *sleeper(void *arg)
{
    sem_wait(&over);
    return arg;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void single(void)
{
    pthread_mutex_lock(&outer);
    pthread_mutex_unlock(&outer);
}

static void nested(void)
{
    pthread_mutex_lock(&outer);
    pthread_mutex_lock(&inner);
    pthread_mutex_unlock(&inner);
    pthread_mutex_unlock(&outer);
}

static void third(void)
{
    pthread_mutex_lock(&outer);
    pthread_mutex_lock(&inner);
    pthread_mutex_lock(&innermost);
    pthread_mutex_unlock(&innermost);
    pthread_mutex_unlock(&inner);
    pthread_mutex_unlock(&outer);
}

static void read_shared(void)
{
    pthread_rwlock_rdlock(&shared);
    pthread_rwlock_unlock(&shared);
}

static void told(void)
{
    nested();
    sem_post(&heard);
    sem_wait(&heard);
}

static const struct mode {
    const char *name;
    void (*round)(void);
} modes[] = {{"single", single}, {"nested", nested}, {"third", third}, {"read", read_shared}, {"told", told}};

int main(int argc, char **argv)
{
    const struct mode *mode = NULL;
    for (size_t i = 0; argc == 3 && i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(modes[i].name, argv[1]))
            mode = &modes[i];
    if (!mode) {
        fprintf(stderr, "usage: locks MODE ROUNDS\n");
        return 2;
    }
    const long rounds = atol(argv[2]);
    pthread_t thread;
    sem_init(&heard, 0, 0);
    sem_init(&over, 0, 0);
    if (pthread_create(&thread, NULL, sleeper, NULL))
        return 1;
    const double begin = now();
    for (long i = 0; i < rounds; i++)
        mode->round();
    printf("%.1f\n", (now() - begin) / (double)rounds);
    sem_post(&over);
    return pthread_join(thread, NULL);
}
