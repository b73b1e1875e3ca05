/* 100,000 threads, one after another: every second one joined, the others detached. Memory must not grow with the
 * number of the dead (looked at after the first 10,000), a dead thread's write is still known, and the last thread
 * races with the first one, which was detached, over all those between. */
#include "barrier.h"
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 100000, WARM = 10000, GROWTH_KB = 6 * 1024 };
/* GROWTH_KB: some 70 bytes for each of the 90,000; the tables of shadow states come in huge pages of 2 MB. */
static struct schedule s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter;
int value; /* not static: a static one that nobody reads would be dropped */

static void *first(void *arg)
{
    value = 1; // RACE
    step(&s, 1);
    return arg;
}

static void *work(void *arg)
{
    pthread_mutex_lock(&lock);
    counter++;
    pthread_mutex_unlock(&lock);
    step(&s, (int)(intptr_t)arg);
    return NULL;
}

static void *last(void *arg)
{
    value = 2; // RACE
    return arg;
}

static long peak_kb(void)
{
    char line[256];
    long kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    if (status)
        fclose(status);
    return kb;
}

static pthread_t start(void *(*function)(void *), void *arg, int number)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, function, arg);
    if (error) {
        fprintf(stderr, "thread %d: error %d\n", number, error);
        _Exit(1);
    }
    return thread;
}

int main(void)
{
    long warm = 0;
    pthread_detach(start(first, NULL, 1));
    await(&s, 1);
    for (int i = 2; i < THREADS; i++) {
        pthread_t thread = start(work, (void *)(intptr_t)i, i);
        if (i % 2)
            pthread_join(thread, NULL);
        else
            pthread_detach(thread);
        await(&s, i);
        if (i == WARM)
            warm = peak_kb();
    }
    long growth = peak_kb() - warm; /* before the first report, which takes memory to name things */
    pthread_join(start(last, NULL, THREADS), NULL);
    if (growth > GROWTH_KB)
        fprintf(stderr, "memory grew by %ld kB between thread %d and thread %d\n", growth, WARM, THREADS);
    pthread_mutex_lock(&lock);
    if (counter != THREADS - 2)
        fprintf(stderr, "counted %d\n", counter);
    pthread_mutex_unlock(&lock);
    return 0;
}
