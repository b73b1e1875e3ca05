/* Each goroutine has its own elements of one array: neighbours share cache lines, not variables. */
#include <goro/goro.h>

enum { WORKERS = 16 };
static goro_waitgroup done;
static char places[WORKERS * 3];

static void fill(int first)
{
    for (int i = first; i < first + 3; i++)
        places[i] = (char)i;
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&done, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        goro_go(fill, 3 * i);
    goro_waitgroup_wait(&done);
    for (int i = 0; i < WORKERS * 3; i++)
        if (places[i] != i)
            return 1;
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
