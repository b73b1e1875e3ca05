/* A destructor of thread-specific data still belongs to its thread: what it writes races with main, which has not
 * joined yet. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_key_t key;
static int flushed;

static void flush(void *buffer)
{
    flushed = buffer != NULL; // RACE
    step(&s, 1);
}

static void *work(void *arg)
{
    pthread_setspecific(key, &key);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_key_create(&key, flush);
    pthread_create(&thread, NULL, work, NULL);
    await(&s, 1);
    int done = flushed; // RACE
    pthread_join(thread, NULL);
    return done ? 0 : 1;
}
