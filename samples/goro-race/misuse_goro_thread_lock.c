/* A thread's mutex belongs to the thread, and a goroutine that waits may go on in another one: held over a sleep it is unlocked
 * by a thread that has not locked it, and meanwhile it stops every goroutine of whose thread somebody wants it. Use goro_mutex.
 * (Pinned here, so that this run ends well.) */
#include <goro/goro.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int start(void *arg)
{
    (void)arg;
    goro_pin();
    pthread_mutex_lock(&lock); // HELD
    goro_sleep(GORO_MILLISECOND); // MISUSE held-across-switch
    pthread_mutex_unlock(&lock);
    goro_unpin();
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
