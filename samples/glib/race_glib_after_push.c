/* What was pushed belongs to whoever pops it: the producer still writes to it. */
#include "barrier.h"
#include <glib.h>

static struct schedule s;
static int item;

static gpointer consume(gpointer queue)
{
    int *got = g_async_queue_pop(queue);
    *got = 2; // RACE
    step(&s, 1);
    return NULL;
}

int main(void)
{
    GAsyncQueue *queue = g_async_queue_new();
    GThread *consumer = g_thread_new("consume", consume, queue);
    g_async_queue_push(queue, &item);
    await(&s, 1);
    item = 1; // RACE
    g_thread_join(consumer);
    g_async_queue_unref(queue);
    return item - 1;
}
