/* How correct programs order threads without the C library: by what are plain moves in machine code, mostly. Each pattern has a twin
 * that is wrong.
 *   PROGRAM            names the patterns, one a line
 *   PROGRAM NAME       two threads, ordered by the pattern
 *   PROGRAM NAME wrong the second does what the pattern would order behind the first, without the pattern
 * What is ordered is a block that is filled and read by unaligned vectors, of which no race is only possible. */
#ifndef GORACE_TESTS_INSTRUMENT_PATTERNS_H
#define GORACE_TESTS_INSTRUMENT_PATTERNS_H

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrier.h"

struct block {
    long word[2];
};
static struct block block;

static __attribute__((noinline)) void fill(struct block *b, long n)
{
    const struct block made = {{n, n}};
    __asm__ volatile("movups %1, %%xmm0\n\tmovups %%xmm0, %0" : "=m"(*b) : "m"(made) : "xmm0");
}

static __attribute__((noinline)) long look(const struct block *b)
{
    struct block seen;
    __asm__ volatile("movups %1, %%xmm0\n\tmovups %%xmm0, %0" : "=m"(seen) : "m"(*b) : "xmm0");
    return seen.word[1];
}

static void touch(void)
{
    fill(&block, look(&block));
}

struct pattern {
    const char *name;
    void (*first)(void), (*second)(void);
    void (*alone)(void); /* what the first does in the wrong twin, where nobody answers; NULL: the same */
};

static const struct pattern *chosen;
static int wrong;
static struct barrier start;
static struct schedule turns;

static void *run_first(void *arg)
{
    barrier_wait(&start, 2);
    if (wrong && chosen->alone)
        chosen->alone();
    else
        chosen->first();
    step(&turns, 1);
    return arg;
}

static void *run_second(void *arg)
{
    barrier_wait(&start, 2);
    if (wrong) {
        await(&turns, 1);
        touch();
    } else {
        chosen->second();
    }
    return arg;
}

static int run_pattern(const struct pattern *patterns, unsigned n, int argc, char **argv)
{
    pthread_t t[2];
    for (unsigned i = 0; i < n; i++) {
        if (argc < 2)
            puts(patterns[i].name);
        else if (strcmp(patterns[i].name, argv[1]) == 0)
            chosen = &patterns[i];
    }
    if (!chosen)
        return argc < 2 ? 0 : 2;
    wrong = argc > 2;
    pthread_create(&t[0], NULL, run_first, NULL);
    pthread_create(&t[1], NULL, run_second, NULL);
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    return 0;
}

#endif
