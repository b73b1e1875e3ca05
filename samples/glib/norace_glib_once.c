/* g_once_init_enter is a macro that mostly looks at the place in line; g_once calls its function once. */
#include <glib.h>

static GOnce once = G_ONCE_INIT;
static int made;

static int *table(void)
{
    static gsize done;
    static int *cells;
    if (g_once_init_enter(&done)) {
        cells = g_new0(int, 10);
        cells[3] = 4;
        g_once_init_leave(&done, 1);
    }
    return cells;
}

static gpointer make(gpointer arg)
{
    made++;
    return arg;
}

static gpointer use(gpointer arg)
{
    g_once(&once, make, &once);
    return arg && made == 1 && table()[3] == 4 ? arg : NULL;
}

int main(void)
{
    GThread *threads[4];
    int right = 0;
    for (int i = 0; i < 4; i++)
        threads[i] = g_thread_new("use", use, threads);
    for (int i = 0; i < 4; i++)
        right += g_thread_join(threads[i]) != NULL;
    return right - 4;
}
