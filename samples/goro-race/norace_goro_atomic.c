/* The goroutine that counts last owns what the others have written: every addition is before those that see it. */
#include <goro/goro.h>

enum { WORKERS = 10 };
static int parts[WORKERS], left = WORKERS;

static void work(int i, goro_chan_of(int) sum_out)
{
    int sum = 0;
    parts[i] = i;
    if (goro_atomic_add(&left, -1) > 0)
        return;
    for (int k = 0; k < WORKERS; k++)
        sum += parts[k];
    goro_chan_send(sum_out, sum);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int) sum = goro_chan_make(int, 0);
    for (int i = 0; i < WORKERS; i++)
        goro_go(work, i, sum);
    return goro_chan_take(sum) != 45;
}

int main(void)
{
    return goro_run(start, NULL);
}
