/* realloc moves a block while another thread writes to it, unordered: the move ends the old block's life. */
#include "barrier.h"
#include <pthread.h>
#include <stdlib.h>

static struct schedule s;

static void *writer(void *arg)
{
    int *block = arg;
    block[3] = 1; // RACE
    step(&s, 1);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    int *block = calloc(8, sizeof *block);
    pthread_create(&thread, NULL, writer, block);
    await(&s, 1);
    int *larger = realloc(block, 1 << 20); // RACE
    int moved = larger[3];
    pthread_join(thread, NULL);
    free(larger);
    return moved == 1 ? 0 : 1;
}
