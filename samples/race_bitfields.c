/* Bit-fields that share a unit are one memory location (C11 3.14): each write rewrites its neighbour too. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static struct {
    unsigned open : 1;
    unsigned dirty : 1;
} file;

static void *opens(void *arg)
{
    file.open = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, opens, NULL);
    await(&s, 1);
    file.dirty = 1; // RACE
    pthread_join(thread, NULL);
    return file.open + file.dirty == 2 ? 0 : 1;
}
