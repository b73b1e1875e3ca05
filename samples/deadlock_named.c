/* Names that the program gives to threads and locks stand in the report, which else calls locks by their variables. */
#include "contended.h"
#include <gorace/annotate.h>
#include <pthread.h>

static struct barrier both;
static pthread_mutex_t locks[2], unnamed = PTHREAD_MUTEX_INITIALIZER;

static void *reader(void *arg)
{
    GORACE_NAME_THREAD("reader");
    pthread_mutex_lock(&locks[0]); // HELD
    barrier_wait(&both, 2);
    pthread_mutex_lock(&locks[1]); // WAITS
    return arg;
}

static void *writer(void *arg)
{
    GORACE_NAME_THREAD("writer");
    pthread_mutex_lock(&unnamed);  // HELD
    pthread_mutex_lock(&locks[1]); // HELD
    barrier_wait(&both, 2);
    await_contended(&locks[1]);
    pthread_mutex_lock(&locks[0]); // WAITS
    return arg;
}

int main(void)
{
    pthread_t threads[2];
    pthread_mutex_init(&locks[0], NULL);
    pthread_mutex_init(&locks[1], NULL);
    GORACE_NAME_LOCK(&locks[0], "the table");
    GORACE_NAME_LOCK(&locks[1], "the index");
    pthread_create(&threads[0], NULL, reader, NULL);
    pthread_create(&threads[1], NULL, writer, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    return 0;
}
