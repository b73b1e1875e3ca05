/* A condition variable as it is meant to be used: a predicate under the mutex. */
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn, value;

static void *play(void *arg)
{
    int me = arg != NULL;
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&lock);
        while (turn != me)
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        value++; /* outside of the mutex: it is my turn */
        pthread_mutex_lock(&lock);
        turn = !me;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, play, &value);
    play(NULL);
    pthread_join(thread, NULL);
    return value == 200 ? 0 : 1;
}
