/* Regions of threads that the program made by itself, and a pthread mutex in regions. */
#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int total, part[2][100];

static void *worker(void *arg)
{
    int *mine = arg;
#pragma omp parallel for num_threads(2)
    for (int i = 0; i < 100; i++) {
        mine[i] = i;
        pthread_mutex_lock(&mutex);
        total += mine[i];
        pthread_mutex_unlock(&mutex);
    }
    mine[0] = mine[99];
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, worker, part[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return total == 2 * 4950 && part[0][0] == 99 ? 0 : 1;
}
