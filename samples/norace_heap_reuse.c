/* A block freed by one thread is handed out again to another: a new block with the same address. The allocator orders
 * its two lives, not the program. */
#include "barrier.h"
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

static struct schedule s;

static void *frees(void *arg)
{
    char *block = arg;
    block[0] = block[99999] = 1;
    free(block);
    step(&s, 1);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    char *block = malloc(100000); /* too large for a thread's own cache: goes back to where main takes from */
    volatile uintptr_t before = (uintptr_t)block; /* volatile: a compiler may take two blocks for different */
    pthread_create(&thread, NULL, frees, block);
    await(&s, 1);
    block = malloc(100000);
    uintptr_t after = (uintptr_t)block;
    block[0] = block[99999] = 2;
    free(block);
    pthread_join(thread, NULL);
    return before == after ? 0 : 1; /* otherwise nothing was reused and nothing shown */
}
