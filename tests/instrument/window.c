/* A load is looked at when it has been run. Here what it reads is stored while it runs: it faults, and the handler lets the other thread
 * store, before it is run again. The reader knew the flag in the same epoch: so whoever looks before the load finds nothing new, and
 * misses that it is the one by which the threads are ordered. What the flag stands for is 16 bytes at once, which no atomic operation
 * is: if that is not ordered, it is a race of the full class. There is none.
 *   window [apart | lost | used | locked]    lost, used: the load overwrites its own address, or is part of a comparison; locked: an atomic
 *                                            instruction, told before it is run, and again behind it only if there is something new
 * Seen to fail with whatever is behind an atomic instruction left out. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "barrier.h"

static uint8_t page[4096] __attribute__((aligned(4096)));
static int *const flag = (int *)page;
static uint8_t data[16] __attribute__((aligned(16)));
static struct barrier met;

/* Past the C library, where the detector would hear of it. */
static void protect(long how)
{
    long result;
    register long rdx __asm__("rdx") = how;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)SYS_mprotect), "D"(page), "S"(sizeof page), "r"(rdx)
                     : "rcx", "r11", "memory");
    if (result != 0)
        _Exit(1);
}

static void on_fault(int sig)
{
    (void)sig;
    protect(PROT_READ | PROT_WRITE);
    barrier_wait(&met, 2);
    barrier_wait(&met, 2);
}

static enum { APART, LOST, USED, LOCKED } how;

/* Whether the flag is `value`. */
static inline int is(int value)
{
    uint64_t loaded = (uintptr_t)flag;
    switch (how) {
    case APART:
        __asm__ volatile("movl (%1), %k0" : "=&r"(loaded) : "r"(flag) : "memory");
        break;
    case LOST:
        __asm__ volatile("movl (%0), %k0" : "+r"(loaded) : : "memory");
        break;
    case USED:
        __asm__ volatile("cmpl %k2, (%1)\n\tsete %b0\n\tmovzbl %b0, %k0"
                         : "=&q"(loaded)
                         : "r"(flag), "r"(value)
                         : "memory");
        return (int)loaded;
    case LOCKED:
        loaded = 0;
        __asm__ volatile("lock xaddl %k0, (%1)" : "+r"(loaded) : "r"(flag) : "memory");
        break;
    }
    return (int)loaded == value;
}

static void *reader(void *arg)
{
    for (int k = 0; k < 3; k++) /* the first may be what makes the region known */
        (void)is(7);
    protect(PROT_NONE);
    if (!is(7))
        _Exit(2);
    __asm__ volatile("movups (%0), %%xmm0" : : "r"(data) : "xmm0", "memory");
    return arg;
}

static void *writer(void *arg)
{
    barrier_wait(&met, 2);
    __asm__ volatile("movups %%xmm0, (%0)\n\tmovl $7, (%1)" : : "r"(data), "r"(flag) : "memory");
    barrier_wait(&met, 2);
    return arg;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"apart", "lost", "used", "locked"};
    for (unsigned k = 0; argc > 1 && k < sizeof names / sizeof *names; k++)
        if (strcmp(argv[1], names[k]) == 0)
            how = k;
    const struct sigaction action = {.sa_handler = on_fault};
    pthread_t t[2];
    sigaction(SIGSEGV, &action, NULL);
    pthread_create(&t[0], NULL, reader, NULL);
    pthread_create(&t[1], NULL, writer, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    return 0;
}
