/* A goroutine leaves a pointer to a local variable behind and ends: that the next goroutine gets the same stack orders
 * nothing, and is no race either. The global that both write is one. */
#include <goro/goro.h>

static int shared;
static goro_chan_of(int) ended;

static void fill(int *numbers, int n, int value)
{
    for (int i = 0; i < n; i++)
        numbers[i] = value;
}

static void work(int value)
{
    int numbers[64];
    fill(numbers, 64, value);
    shared = numbers[value]; // RACE work
    goro_chan_try_send(ended, 1);
}

static int start(void *arg)
{
    (void)arg;
    ended = goro_chan_make(int, 2);
    for (int i = 0; i < 2; i++)
        goro_go(work, i);
    for (int i = 0; i < 2; i++)
        goro_chan_take(ended);
    goro_chan_free(ended);
    return shared > 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
