/* A block that was put back belongs to whoever gets it next. The free list itself is locked well. */
#include "goro_await.h"

#include <stdlib.h>

static struct schedule s;
static goro_mutex lock;
static char *spare;

static char *get(void)
{
    goro_mutex_lock(&lock);
    char *block = spare;
    spare = NULL;
    goro_mutex_unlock(&lock);
    return block ? block : calloc(16, 1);
}

static void put(char *block)
{
    goro_mutex_lock(&lock);
    spare = block;
    goro_mutex_unlock(&lock);
}

static void work(void)
{
    char *block = get();
    block[0] = 'w'; // RACE work
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    char *block = get();
    put(block);
    goro_go(work);
    goro_await(&s, 1);
    block[0] = 's'; // RACE start
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
