/* A close is before every receive that returns because of it: one close tells all. */
#include <goro/goro.h>

enum { READERS = 20 };
static int settings;
static goro_waitgroup done;
static int seen[READERS];

static void read_when_ready(int i, goro_chan_of(char) ready)
{
    goro_chan_recv(ready, NULL);
    seen[i] = settings;
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    int sum = 0;
    (void)arg;
    goro_chan_of(char) ready = goro_chan_make(char, 0);
    goro_waitgroup_add(&done, READERS);
    for (int i = 0; i < READERS; i++)
        goro_go(read_when_ready, i, ready);
    settings = 1;
    goro_chan_close(ready);
    goro_waitgroup_wait(&done);
    for (int i = 0; i < READERS; i++)
        sum += seen[i];
    return sum != READERS;
}

int main(void)
{
    return goro_run(start, NULL);
}
