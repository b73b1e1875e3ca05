/* Sources that are attached to the context of another thread run there after what was done before. */
#include <glib.h>

#define ITEMS 200

static GMainContext *context;
static GMainLoop *loop;
static int sum;

static gboolean take(gpointer item)
{
    int *number = item;
    sum += *number;
    *number = 0;
    g_free(item);
    if (sum == ITEMS)
        g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static gpointer run(gpointer arg)
{
    g_main_context_push_thread_default(context);
    g_main_loop_run(loop);
    g_main_context_pop_thread_default(context);
    return arg;
}

int main(void)
{
    context = g_main_context_new();
    loop = g_main_loop_new(context, FALSE);
    GThread *thread = g_thread_new("run", run, NULL);
    for (int i = 0; i < ITEMS; i++) {
        int *item = g_new(int, 1);
        *item = 1;
        if (i % 2) {
            g_main_context_invoke(context, take, item);
            continue;
        }
        GSource *source = g_idle_source_new();
        g_source_set_callback(source, take, item, NULL);
        g_source_attach(source, context);
        g_source_unref(source);
    }
    g_thread_join(thread);
    g_main_loop_unref(loop);
    g_main_context_unref(context);
    return sum - ITEMS;
}
