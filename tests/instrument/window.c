/* A load is looked at when it has been run. Here what it reads is stored while it runs: it faults, and the handler lets the other thread
 * store, before it is run again. The reader knew the flag in the same epoch: so whoever looks before the load finds nothing new, and
 * misses that it is the one by which the threads are ordered. What the flag stands for is 16 bytes at once, which no atomic operation
 * is: if that is not ordered, it is a race of the full class. There is none. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
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

static inline int load(const int *p)
{
    int value;
    __asm__ volatile("movl (%1), %0" : "=&r"(value) : "r"(p) : "memory");
    return value;
}

static void *reader(void *arg)
{
    for (int k = 0; k < 3; k++) /* the first may be what makes the region known */
        (void)load(flag);
    protect(PROT_NONE);
    if (load(flag) != 7)
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

int main(void)
{
    const struct sigaction action = {.sa_handler = on_fault};
    pthread_t t[2];
    sigaction(SIGSEGV, &action, NULL);
    pthread_create(&t[0], NULL, reader, NULL);
    pthread_create(&t[1], NULL, writer, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    return 0;
}
