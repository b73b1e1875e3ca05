/* Destructors of thread-specific data run in the thread, before the join that waits for it returns. */
#include <pthread.h>
#include <stdlib.h>

static pthread_key_t key;
static int flushed;

static void flush(void *buffer)
{
    flushed += *(int *)buffer;
    free(buffer);
}

static void *work(void *arg)
{
    int *buffer = malloc(sizeof *buffer);
    *buffer = 42;
    pthread_setspecific(key, buffer);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_key_create(&key, flush);
    for (int i = 0; i < 3; i++) {
        pthread_create(&thread, NULL, work, NULL);
        pthread_join(thread, NULL);
    }
    pthread_key_delete(key);
    return flushed == 3 * 42 ? 0 : 1;
}
