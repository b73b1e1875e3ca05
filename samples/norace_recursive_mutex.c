/* Only the outermost unlock of a recursive mutex gives it up; what is written between the inner and the outer unlock is
 * ordered by the outer one. */
#include "barrier.h"
#include <pthread.h>

static struct barrier b;
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int value;

static void *count(void *arg)
{
    barrier_wait(&b, 2);
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        pthread_mutex_lock(&lock);
        value++;
        pthread_mutex_unlock(&lock);
        value++;
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, count, NULL);
    count(NULL);
    pthread_join(thread, NULL);
    return value == 4000 ? 0 : 1;
}
