/* What is pushed to a GAsyncQueue, or to a GThreadPool, is handed over with it. */
#include <glib.h>

#define N 40
static GMutex mutex;
static int sum;

static gpointer consume(gpointer queue)
{
    int got = 0;
    for (int i = 0; i < N; i++) {
        int *item = g_async_queue_pop(queue);
        got += (*item)++;
        g_free(item);
    }
    return GINT_TO_POINTER(got);
}

static void work(gpointer data, gpointer unit)
{
    int *item = data;
    *item *= *(const int *)unit;
    g_mutex_lock(&mutex);
    sum += *item;
    g_mutex_unlock(&mutex);
    g_free(item);
}

static int *item_new(int value)
{
    int *item = g_new(int, 1);
    *item = value;
    return item;
}

int main(void)
{
    int unit = 2;
    GAsyncQueue *queue = g_async_queue_new();
    GThread *consumer = g_thread_new("consume", consume, queue);
    for (int i = 0; i < N; i++)
        g_async_queue_push(queue, item_new(i));
    const int got = GPOINTER_TO_INT(g_thread_join(consumer));
    g_async_queue_unref(queue);
    GThreadPool *pool = g_thread_pool_new(work, &unit, 3, FALSE, NULL);
    for (int i = 0; i < N; i++)
        g_thread_pool_push(pool, item_new(i), NULL);
    g_thread_pool_free(pool, FALSE, TRUE);
    unit = 0;
    return got == N * (N - 1) / 2 && sum == N * (N - 1) ? unit : 1;
}
