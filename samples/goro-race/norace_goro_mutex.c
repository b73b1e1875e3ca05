/* Many goroutines count under a mutex, read under a read lock, and are waited for. */
#include <goro/goro.h>

static goro_mutex mutex;
static goro_rwmutex rwmutex;
static goro_waitgroup done;
static int counter, table[4];

static void work(int n)
{
    for (int i = 0; i < 20; i++) {
        goro_mutex_lock(&mutex);
        counter++;
        goro_mutex_unlock(&mutex);
        goro_rwmutex_rlock(&rwmutex);
        int seen = table[i % 4];
        goro_rwmutex_runlock(&rwmutex);
        if (seen == n)
            goro_yield();
        goro_rwmutex_lock(&rwmutex);
        table[i % 4] = n;
        goro_rwmutex_unlock(&rwmutex);
    }
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&done, 50);
    for (int i = 0; i < 50; i++)
        goro_go(work, i);
    goro_waitgroup_wait(&done);
    return counter != 1000 || table[0] > 50;
}

int main(void)
{
    return goro_run(start, NULL);
}
