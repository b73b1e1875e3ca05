/* Arguments are copied when the goroutine is created; what they point to is handed over with them. */
#include <goro/goro.h>

#include <stdlib.h>

static goro_chan_of(int *) results;

static void work(int *box, int add)
{
    *box += add;
    goro_chan_send(results, box);
}

static int start(void *arg)
{
    int sum = 0;
    (void)arg;
    results = goro_chan_make(int *, 10);
    for (int i = 0; i < 10; i++) {
        int *box = malloc(sizeof *box);
        *box = i;
        goro_go(work, box, 1);
    }
    for (int i = 0; i < 10; i++) {
        int *box = goro_chan_take(results);
        sum += *box;
        free(box);
    }
    return sum != 55;
}

int main(void)
{
    return goro_run(start, NULL);
}
