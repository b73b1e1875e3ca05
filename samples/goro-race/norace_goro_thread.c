/* A thread and goroutines meet in both worlds: a queue of goro that a thread pushes to, a pthread mutex that both lock. */
#include <goro/goro.h>
#include <pthread.h>

static struct goro_queue *queue;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int numbers[100], total;

static void *produce(void *arg)
{
    for (int i = 0; i < 100; i++) {
        int *number = &numbers[i];
        *number = i;
        goro_queue_push(queue, &number);
        pthread_mutex_lock(&lock);
        total++;
        pthread_mutex_unlock(&lock);
    }
    goro_queue_close(queue);
    return arg;
}

static int consume(void *arg)
{
    int *number, sum = 0;
    (void)arg;
    while (goro_queue_pop(queue, &number, GORO_FOREVER) == 1) {
        sum += *number;
        pthread_mutex_lock(&lock);
        total++;
        pthread_mutex_unlock(&lock);
    }
    return sum != 4950;
}

int main(void)
{
    pthread_t thread;
    queue = goro_queue_new(sizeof(int *));
    pthread_create(&thread, NULL, produce, NULL);
    int result = goro_run(consume, NULL);
    pthread_join(thread, NULL);
    return result || total != 200;
}
