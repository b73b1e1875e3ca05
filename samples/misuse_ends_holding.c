/* A thread ends with a lock that nobody can give back any more. The next one who wants it would wait for ever. */
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int value;

static void *update(void *arg)
{
    pthread_mutex_lock(&lock); // HELD
    value++;
    if (value == 1)
        return arg;
    pthread_mutex_unlock(&lock);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, update, NULL);
    pthread_join(thread, NULL);
    return 0;
}
