/* What was handed to the context of another thread belongs to that one: here it is still written to. */
#include "barrier.h"
#include <glib.h>

static struct schedule s;
static GMainContext *context;
static GMainLoop *loop;
static int item;

static gboolean take(gpointer data)
{
    await(&s, 2);
    *(int *)data = 2; // RACE
    step(&s, 3);
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static gpointer run(gpointer arg)
{
    g_main_context_push_thread_default(context);
    step(&s, 1);
    g_main_loop_run(loop);
    g_main_context_pop_thread_default(context);
    return arg;
}

int main(void)
{
    context = g_main_context_new();
    loop = g_main_loop_new(context, FALSE);
    GThread *thread = g_thread_new("run", run, NULL);
    await(&s, 1);
    GSource *source = g_idle_source_new();
    g_source_set_callback(source, take, &item, NULL);
    g_source_attach(source, context);
    g_source_unref(source);
    step(&s, 2);
    await(&s, 3);
    item = 1; // RACE
    g_thread_join(thread);
    return 0;
}
