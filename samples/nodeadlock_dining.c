/* Five philosophers of whom the last takes the right fork first: the order of all forks is one, and nobody starves. */
#include <pthread.h>

enum { SEATS = 5 };

static pthread_mutex_t forks[SEATS];
static int meals[SEATS];

static void *dine(void *arg)
{
    int seat = (int)((pthread_mutex_t *)arg - forks), next = (seat + 1) % SEATS;
    int low = seat < next ? seat : next, high = seat < next ? next : seat;

    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&forks[low]);
        pthread_mutex_lock(&forks[high]);
        meals[seat]++;
        pthread_mutex_unlock(&forks[high]);
        pthread_mutex_unlock(&forks[low]);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[SEATS];
    int eaten = 0;
    for (int i = 0; i < SEATS; i++)
        pthread_mutex_init(&forks[i], NULL);
    for (int i = 0; i < SEATS; i++)
        pthread_create(&threads[i], NULL, dine, &forks[i]);
    for (int i = 0; i < SEATS; i++) {
        pthread_join(threads[i], NULL);
        eaten += meals[i];
    }
    return eaten == SEATS * 100 ? 0 : 1;
}
