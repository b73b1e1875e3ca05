/* One thing after the other, in two threads, in no order that the detector knows of. */
#ifndef GORACE_TESTS_UNORDERED_H
#define GORACE_TESTS_UNORDERED_H

#include "cases.h"

static struct schedule s;
static void (*begins)(void), (*follows)(void);

static void *beginner(void *arg)
{
    begins();
    step(&s, 1);
    await(&s, 2);
    return arg;
}

static void unordered(void (*first)(void), void (*second)(void))
{
    pthread_t t;
    begins = first;
    follows = second;
    OK(pthread_create(&t, NULL, beginner, NULL));
    await(&s, 1);
    follows();
    step(&s, 2);
    OK(pthread_join(t, NULL));
}

static char *volatile p;
static volatile int n __attribute__((unused)) = 5; /* so that no length is a constant */

static void make(void)
{
    p = malloc((size_t)n * 20);
}

#endif
