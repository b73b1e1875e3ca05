/* A record is announced under the lock, then filled, then counted under the lock. Who looks before the announcement or after the
 * count is ordered by the lock; who looks in between is a race. */
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int announced, count, value;

static void *publish(void *arg)
{
    pthread_mutex_lock(&lock);
    announced = 1;
    pthread_mutex_unlock(&lock);
    value = 7;
    pthread_mutex_lock(&lock);
    count++;
    pthread_mutex_unlock(&lock);
    return arg;
}

static void *look(void *arg)
{
    pthread_mutex_lock(&lock);
    int seen = announced;
    pthread_mutex_unlock(&lock);
    return seen && value != 7 ? arg : NULL;
}

int main(void)
{
    pthread_t publisher, reader;
    pthread_create(&publisher, NULL, publish, NULL);
    pthread_create(&reader, NULL, look, NULL);
    pthread_join(publisher, NULL);
    pthread_join(reader, NULL);
    return 0;
}
