/* Two GMutexes, taken in both orders. In this run the one thread is done before the other begins. */
#include "barrier.h"
#include <glib.h>

static struct schedule s;
static GMutex a, b;

static gpointer first(gpointer arg)
{
    g_mutex_lock(&a); // HELD
    g_mutex_lock(&b); // TAKES
    g_mutex_unlock(&b);
    g_mutex_unlock(&a);
    step(&s, 1);
    return arg;
}

static gpointer second(gpointer arg)
{
    await(&s, 1);
    g_mutex_lock(&b); // HELD
    g_mutex_lock(&a); // TAKES
    g_mutex_unlock(&a);
    g_mutex_unlock(&b);
    return arg;
}

int main(void)
{
    GThread *threads[2] = {g_thread_new("first", first, NULL), g_thread_new("second", second, NULL)};
    for (int i = 0; i < 2; i++)
        g_thread_join(threads[i]);
    return 0;
}
