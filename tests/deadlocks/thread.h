/* Threads of the patterns. */
#ifndef THREAD_H
#define THREAD_H

#include "pattern.h"
#include <pthread.h>
#include <stddef.h>

struct two {
    pthread_mutex_t *first, *second;
};

/* A thread that runs fn(arg); a failure ends the process. */
pthread_t begin(void *(*fn)(void *arg), void *arg);
void finish(pthread_t thread);

/* `n` threads that exist at once and run fn(&args[i]), with args of `size` bytes, one after the other and without a
 * happens-before edge between them. Returns when all have been joined. */
void in_turn(int n, void (*fn)(void *arg), void *args, size_t size);
/* The same, all at the same time. */
void at_once(int n, void (*fn)(void *arg), void *args, size_t size);
/* Returns when `n` threads have called it; makes no edge. */
void meet(unsigned n);
/* Returns once a thread waits for the mutex, which somebody holds. */
void await_contended(pthread_mutex_t *mutex);

/* Takes both, one in the other, and gives them back: struct two. */
void nest(void *arg);
/* nest by two threads in turn, or by three. */
void nest_in_turn(int n, struct two *order);

#endif
