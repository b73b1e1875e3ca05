/* Accesses of which the check does not see at once whether they are known. Prints how many races there are.
 *
 * Those that leave their granule of 8 bytes: one granule is not known yet, whatever is known of the others. There another thread
 * races, once for each size, place, granule, loads and stores. And those of granules of which more is known than four accesses: each byte
 * is read by an instruction of its own, and then written by one; with each of these there is a race.
 *
 * The other thread races after all that; with an argument before it: its stores are then read twice, which are two races. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "barrier.h"

#define GRANULE 8u
#define ROOM 32u
#define MOST 256

static struct {
    unsigned at, size, granule; /* the one that is not known */
    bool writes;
} cases[MOST];
static unsigned n;
static uint8_t memory[MOST][ROOM] __attribute__((aligned(ROOM)));

#define LOAD(how, p) __asm__ volatile(how : : "r"(p) : "rax", "xmm0", "memory")

static bool other_first;
static struct schedule turns;

static void make_cases(void)
{
    for (unsigned size = 2; size <= 16; size *= 2)
        for (unsigned at = 1; at < GRANULE; at++)
            for (unsigned granule = 0; at + size > GRANULE * (size > 8 ? 2 : 1) && granule * GRANULE < at + size;
                 granule++)
                for (int writes = 0; writes < 2; writes++) {
                    cases[n].at = at;
                    cases[n].size = size;
                    cases[n].granule = granule;
                    cases[n++].writes = writes;
                }
}

static void know_others(unsigned k)
{
    volatile uint8_t *bytes = memory[k];
    for (unsigned i = 0; i < ROOM; i++) {
        if (i / GRANULE == cases[k].granule)
            continue;
        if (cases[k].writes)
            bytes[i] = 1;
        else
            (void)bytes[i];
    }
}

static uint8_t crowded[2][GRANULE][GRANULE] __attribute__((aligned(GRANULE)));

static void crowd(uint8_t *p, bool writes)
{
    for (int twice = 0; twice < 2; twice++) /* what is known then makes that the next ones are looked for as well */
        __asm__ volatile("movb (%0), %%al\n\tmovb 1(%0), %%al\n\tmovb 2(%0), %%al\n\tmovb 3(%0), %%al\n\t"
                         "movb 4(%0), %%al\n\tmovb 5(%0), %%al\n\tmovb 6(%0), %%al\n\tmovb 7(%0), %%al"
                         :
                         : "r"(p)
                         : "rax", "memory");
    if (writes)
        __asm__ volatile("movb %%al, (%0)\n\tmovb %%al, 1(%0)\n\tmovb %%al, 2(%0)\n\tmovb %%al, 3(%0)\n\t"
                         "movb %%al, 4(%0)\n\tmovb %%al, 5(%0)\n\tmovb %%al, 6(%0)\n\tmovb %%al, 7(%0)"
                         :
                         : "r"(p)
                         : "rax", "memory");
}

static void *one(void *arg)
{
    if (other_first)
        await(&turns, 1);
    for (unsigned k = 0; k < 2 * GRANULE; k++)
        crowd(crowded[k / GRANULE][k % GRANULE], k >= GRANULE);
    for (unsigned k = 0; k < n; k++) {
        uint8_t *p = memory[k] + cases[k].at;
        know_others(k);
        switch (cases[k].size | cases[k].writes) {
        case 2:
            LOAD("movw (%0), %%ax", p);
            break;
        case 4:
            LOAD("movl (%0), %%eax", p);
            break;
        case 8:
            LOAD("movq (%0), %%rax", p);
            break;
        case 16:
            LOAD("movups (%0), %%xmm0", p);
            break;
        case 3:
            LOAD("movw %%ax, (%0)", p);
            break;
        case 5:
            LOAD("movl %%eax, (%0)", p);
            break;
        case 9:
            LOAD("movq %%rax, (%0)", p);
            break;
        case 17:
            LOAD("movups %%xmm0, (%0)", p);
            break;
        }
    }
    if (!other_first)
        step(&turns, 1);
    return arg;
}

/* An access of one byte as no atomic operation makes it; `calls` deep, because a pair of stacks is looked at once. */
static __attribute__((noinline)) void race(uint8_t *at, bool writes, unsigned calls)
{
    unsigned long count = 1;
    if (calls > 0)
        race(at, writes, calls - 1);
    else if (writes)
        __asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(2) : "memory");
    else
        __asm__ volatile("rep lodsb" : "+S"(at), "+c"(count) : : "rax", "memory");
    __asm__ volatile("");
}

static void *other(void *arg)
{
    if (!other_first)
        await(&turns, 1);
    for (unsigned k = 0; k < n; k++) { /* the first byte that the access has in that granule */
        const unsigned first = cases[k].granule * GRANULE;
        race(memory[k] + (cases[k].at > first ? cases[k].at : first), true, k);
    }
    for (unsigned k = 0; k < GRANULE; k++) {
        race(&crowded[0][k][k], true, k);
        race(&crowded[1][k][k], false, k);
    }
    if (other_first)
        step(&turns, 1);
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t t[2];
    (void)argv;
    other_first = argc > 1;
    make_cases();
    pthread_create(&t[0], NULL, one, NULL);
    pthread_create(&t[1], NULL, other, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    printf("%u\n", n + (other_first ? 3 : 2) * GRANULE);
    return 0;
}
