/* Two different races on one address, of three threads: both are reported. The second pair is of a thread that was
 * created after the first race, so its only partner is main's later write. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static int value;

static void *first(void *arg)
{
    value = 1; // RACE 1
    step(&s, 1);
    return arg;
}

static void *second(void *arg)
{
    int seen = value; // RACE 2
    step(&s, 2);
    return seen ? arg : NULL;
}

int main(void)
{
    pthread_t thread[2];
    pthread_create(&thread[0], NULL, first, NULL);
    await(&s, 1);
    value = 2; // RACE 1
    pthread_join(thread[0], NULL);
    pthread_create(&thread[1], NULL, second, NULL);
    await(&s, 2);
    value = 3; // RACE 2
    pthread_join(thread[1], NULL);
    return value == 3 ? 0 : 1;
}
