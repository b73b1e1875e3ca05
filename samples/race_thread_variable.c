/* A __thread variable of which another thread got the address. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static __thread int mine;

static void *work(void *arg)
{
    *(int *)arg = 1; // RACE
    step(&s, 1);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, work, &mine);
    await(&s, 1);
    mine++; // RACE
    pthread_join(thread, NULL);
    return mine == 2 ? 0 : 1;
}
