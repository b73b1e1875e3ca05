/* GLib's locks: GMutex and GCond are its own, GRWLock and GRecMutex are made of pthread's. */
#include <glib.h>

static GMutex mutex, dynamic;
static GCond cond;
static GRWLock rwlock;
static GRecMutex recursive;
static int counter, by_dynamic, by_rwlock, by_recursive, ready, message;

static gpointer count(gpointer arg)
{
    for (int i = 0; i < 50; i++) {
        g_mutex_lock(&mutex);
        counter++;
        g_mutex_unlock(&mutex);
        while (!g_mutex_trylock(&dynamic))
            ;
        by_dynamic++;
        g_mutex_unlock(&dynamic);
        g_rw_lock_writer_lock(&rwlock);
        by_rwlock++;
        g_rw_lock_writer_unlock(&rwlock);
        g_rec_mutex_lock(&recursive);
        g_rec_mutex_lock(&recursive);
        by_recursive++;
        g_rec_mutex_unlock(&recursive);
        g_rec_mutex_unlock(&recursive);
    }
    return arg;
}

static gpointer receive(gpointer arg)
{
    g_mutex_lock(&mutex);
    while (!ready)
        g_cond_wait(&cond, &mutex);
    g_mutex_unlock(&mutex);
    message++;
    return arg;
}

int main(void)
{
    GThread *threads[3];
    g_mutex_init(&dynamic);
    for (int i = 0; i < 2; i++)
        threads[i] = g_thread_new("count", count, NULL);
    threads[2] = g_thread_new("receive", receive, NULL);
    message = 1;
    g_mutex_lock(&mutex);
    ready = 1;
    g_cond_signal(&cond);
    g_mutex_unlock(&mutex);
    for (int i = 0; i < 3; i++)
        g_thread_join(threads[i]);
    g_mutex_clear(&dynamic);
    return counter == 100 && by_dynamic == 100 && by_rwlock == 100 && by_recursive == 100 && message == 2 ? 0 : 1;
}
