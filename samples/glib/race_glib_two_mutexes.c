/* Each thread takes a GMutex, but not the same one. */
#include "barrier.h"
#include <glib.h>

static struct schedule s;
static GMutex first, second;
static int counter;

static gpointer other(gpointer arg)
{
    g_mutex_lock(&second);
    counter++; // RACE
    g_mutex_unlock(&second);
    step(&s, 1);
    return arg;
}

int main(void)
{
    GThread *thread = g_thread_new("other", other, NULL);
    await(&s, 1);
    g_mutex_lock(&first);
    counter++; // RACE
    g_mutex_unlock(&first);
    g_thread_join(thread);
    return counter - 2;
}
