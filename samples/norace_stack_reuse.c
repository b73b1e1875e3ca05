/* The stack of a thread that ended becomes the stack of the next one: a new life of the same bytes. Main is not ordered
 * after the first thread, because somebody else joins it. */
#include "barrier.h"
#include <pthread.h>
#include <stdint.h>

static struct schedule s;
static uintptr_t where[2];

static void *work(void *arg)
{
    volatile char frame[4096];
    for (int i = 0; i < 4096; i++)
        frame[i] = (char)i;
    *(uintptr_t *)arg = (uintptr_t)frame;
    return NULL;
}

static void *joins(void *thread)
{
    pthread_join(*(pthread_t *)thread, NULL);
    step(&s, 1);
    await(&s, 2);
    return NULL;
}

int main(void)
{
    pthread_t first, second, other;
    pthread_create(&first, NULL, work, &where[0]);
    pthread_create(&other, NULL, joins, &first);
    await(&s, 1);
    pthread_create(&second, NULL, work, &where[1]);
    pthread_join(second, NULL);
    step(&s, 2);
    pthread_join(other, NULL);
    return where[0] == where[1] ? 0 : 1; /* otherwise nothing was reused and nothing shown */
}
