/* 2,000 threads alive at once. Each counts under a mutex and writes its own cell, main sums up after the joins; the
 * first and the last thread also touch one variable without the mutex. */
#include "barrier.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 2000 };
static struct barrier all;
static struct schedule s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter, value, cell[THREADS];

static void *work(void *arg)
{
    int me = (int)((int *)arg - cell);
    if (me == 0) {
        value = 1; // RACE
        step(&s, 1);
    }
    barrier_wait(&all, THREADS);
    for (int i = 0; i < 5; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
        cell[me]++;
    }
    return NULL;
}

static void *last(void *arg)
{
    await(&s, 1);
    value = 2; // RACE
    return work(arg);
}

int main(void)
{
    static pthread_t thread[THREADS];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_create(&thread[0], &small, work, &cell[0]);
    for (int i = 1; i < THREADS; i++) {
        int error = pthread_create(&thread[i], &small, i == THREADS - 1 ? last : work, &cell[i]);
        if (error) {
            fprintf(stderr, "thread %d: error %d\n", i, error);
            _Exit(1);
        }
    }
    int sum = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        sum += cell[i];
    }
    if (counter != 5 * THREADS || sum != counter || value != 2)
        fprintf(stderr, "counted %d and %d\n", counter, sum);
    return 0;
}
