/* A thread writes x and gives something; then main takes it and writes x. Whether the two writes are ordered is the
 * case's question. */
#ifndef GORACE_TESTS_PASS_H
#define GORACE_TESTS_PASS_H

#include "cases.h"

static struct schedule s;
static int x;
static int ends[2] __attribute__((unused)), other[2] __attribute__((unused));
static char byte __attribute__((unused));

static void (*give)(void);

static void *giver(void *arg)
{
    x++;
    give();
    step(&s, 1);
    return arg;
}

static void pass(void (*giving)(void), void (*taking)(void))
{
    pthread_t t;
    give = giving;
    OK(pthread_create(&t, NULL, giver, NULL));
    await(&s, 1);
    taking();
    x++;
    OK(pthread_join(t, NULL));
}

static inline void write_1(void)
{
    CHECK(write(ends[1], "x", 1) == 1);
}

static inline void read_0(void)
{
    CHECK(read(ends[0], &byte, 1) == 1);
}

/* What was in another pipe or connection all the time. */
static inline void read_other(void)
{
    CHECK(write(other[1], "x", 1) == 1 && read(other[0], &byte, 1) == 1);
}

static inline void read_end(void)
{
    CHECK(read(ends[0], &byte, 1) == 0);
}

#endif
