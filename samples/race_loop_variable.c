/* Every thread is given the address of the loop variable instead of a copy. The thread reads what the loop increments:
 * a race on another thread's stack. */
#include "barrier.h"
#include <pthread.h>

enum { THREADS = 3 };
static struct schedule s;
static int seen[THREADS];

static void *work(void *arg)
{
    int i = *(int *)arg; // RACE
    seen[i] = 1;
    step(&s, i + 1);
    return NULL;
}

int main(void)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++) { // RACE
        pthread_create(&thread[i], NULL, work, &i);
        await(&s, i + 1);
    }
    for (int k = 0; k < THREADS; k++)
        pthread_join(thread[k], NULL);
    return seen[THREADS - 1] ? 0 : 1;
}
