/* Reference counting with relaxed drops only: the last owner frees what another one may still be writing to. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct schedule s;
static atomic_int references = 2;

static void drop(int *object)
{
    if (atomic_fetch_sub_explicit(&references, 1, memory_order_relaxed) == 1)
        free(object); // RACE
}

static void *other(void *arg)
{
    int *object = arg;
    *object = 1; // RACE
    drop(object);
    step(&s, 1);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    int *object = calloc(1, sizeof *object);
    pthread_create(&thread, NULL, other, object);
    await(&s, 1);
    drop(object);
    pthread_join(thread, NULL);
    return 0;
}
