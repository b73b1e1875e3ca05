/* Ten threads read. Nine of the reads are ordered before the write by a mutex, the tenth is not; it came first, so a
 * detector that keeps the last few readers only has forgotten it. */
#include "barrier.h"
#include <pthread.h>

enum { READERS = 10 };
static struct schedule s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int value;

static void *orderly(void *arg)
{
    int i = *(int *)arg;
    await(&s, i);
    int seen = value;
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    step(&s, i + 1);
    return seen ? arg : NULL;
}

static void *tenth(void *arg)
{
    int seen = value; // RACE
    step(&s, 1);
    return seen ? arg : NULL;
}

int main(void)
{
    static int number[READERS];
    pthread_t thread[READERS];
    pthread_create(&thread[0], NULL, tenth, NULL);
    for (int i = 1; i < READERS; i++) {
        number[i] = i;
        pthread_create(&thread[i], NULL, orderly, &number[i]);
    }
    await(&s, READERS);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    value = 1; // RACE
    for (int i = 0; i < READERS; i++)
        pthread_join(thread[i], NULL);
    return 0;
}
