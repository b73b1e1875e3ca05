/* A block is freed while another thread, unordered, has read from it: free counts as a write to the whole block. */
#include "barrier.h"
#include <pthread.h>
#include <stdlib.h>

static struct schedule s;

static void *reader(void *arg)
{
    int *block = arg;
    int seen = block[3]; // RACE
    step(&s, 1);
    return seen ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    int *block = calloc(8, sizeof *block);
    pthread_create(&thread, NULL, reader, block);
    await(&s, 1);
    free(block); // RACE
    pthread_join(thread, NULL);
    return 0;
}
