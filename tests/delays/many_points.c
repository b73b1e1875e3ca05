/* Two threads of two threads each, all of which lock often: so many points for delays that the budget counts, and none of them depends
 * on who comes first. */
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static void *work(void *arg)
{
    for (int i = 0; i < 5000; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static void *lead(void *arg)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return arg;
}

int main(void)
{
    pthread_t threads[2];
    work(NULL); /* nobody to meet yet: no points */
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, lead, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return counter != 25000;
}
