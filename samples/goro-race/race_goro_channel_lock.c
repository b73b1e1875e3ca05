/* A buffer as a lock lets in as many as it has room for: with room for two it is no lock. */
#include "goro_await.h"

static struct schedule s;
int counter;

static void count(goro_chan_of(char) lock)
{
    goro_chan_send(lock, 1);
    counter++; // RACE count
    goro_chan_take(lock);
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(char) lock = goro_chan_make(char, 2);
    goro_go(count, lock);
    goro_await(&s, 1);
    goro_chan_send(lock, 1);
    counter++; // RACE start
    goro_chan_take(lock);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
