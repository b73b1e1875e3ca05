/* A task of GIO runs in a thread of its pool after what its maker did, and is told done to the maker's context after what it did. */
#include <gio/gio.h>

#define TASKS 20

static GMainLoop *loop;
static int done, sum;

static void work(GTask *task, gpointer source, gpointer data, GCancellable *cancel)
{
    int *number = data;
    (void)source;
    (void)cancel;
    *number += 1;
    g_task_return_int(task, *number);
}

static void finished(GObject *source, GAsyncResult *result, gpointer user)
{
    (void)source;
    (void)user;
    int *number = g_task_get_task_data(G_TASK(result));
    sum += (int)g_task_propagate_int(G_TASK(result), NULL) + *number;
    *number = 0;
    if (++done == TASKS)
        g_main_loop_quit(loop);
}

int main(void)
{
    loop = g_main_loop_new(NULL, FALSE);
    for (int i = 0; i < TASKS; i++) {
        GTask *task = g_task_new(NULL, NULL, finished, NULL);
        int *number = g_new(int, 1);
        *number = i;
        g_task_set_task_data(task, number, g_free);
        g_task_run_in_thread(task, work);
        g_object_unref(task);
    }
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
    return sum != TASKS * (TASKS + 1);
}
