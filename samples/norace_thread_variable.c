/* __thread variables: one per thread, also when a later thread gets the memory of an earlier one's. */
#include "barrier.h"
#include <pthread.h>

static struct barrier b;
static __thread int mine;
static __thread char buffer[256];

static void *work(void *arg)
{
    barrier_wait(&b, 2);
    for (int i = 0; i < 256; i++) {
        mine++;
        buffer[i] = (char)mine;
    }
    return mine == 256 ? arg : NULL;
}

int main(void)
{
    int good = 0;
    for (int round = 0; round < 10; round++) {
        pthread_t thread[2];
        void *result;
        for (int i = 0; i < 2; i++)
            pthread_create(&thread[i], NULL, work, &good);
        for (int i = 0; i < 2; i++) {
            pthread_join(thread[i], &result);
            good += result != NULL;
        }
    }
    return good == 20 ? 0 : 1;
}
