/* A counter without a lock. `counter++` is a read and a write; the two threads' increments are ordered by nothing, so
 * one may be lost. It is a race although this run happens to count right. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static int counter;

static void *other(void *arg)
{
    counter++; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    counter++; // RACE
    pthread_join(thread, NULL);
    return counter == 2 ? 0 : 1;
}
