/* Phases between barriers: what anybody did before a barrier comes before what everybody does after it. */
#include <pthread.h>

enum { THREADS = 4, PHASES = 20 };
static pthread_barrier_t phase;
static int cell[THREADS], sum[THREADS];

static void *work(void *arg)
{
    int *mine = arg, total = 0;
    for (int i = 0; i < PHASES; i++) {
        (*mine)++;
        pthread_barrier_wait(&phase);
        for (int k = 0; k < THREADS; k++)
            total += cell[k];
        pthread_barrier_wait(&phase);
    }
    sum[mine - cell] = total;
    return NULL;
}

int main(void)
{
    pthread_t thread[THREADS];
    pthread_barrier_init(&phase, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, &cell[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&phase);
    return sum[0] == THREADS * PHASES * (PHASES + 1) / 2 && sum[3] == sum[0] ? 0 : 1;
}
