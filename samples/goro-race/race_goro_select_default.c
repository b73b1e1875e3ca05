/* To find a channel empty says nothing: a select that takes its default has met nobody. */
#include "goro_await.h"

static struct schedule s;
static int settings;

static void configure(goro_chan_of(int) ready)
{
    settings = 1; // RACE configure
    step(&s, 1);
    goro_await(&s, 2);
    goro_chan_send(ready, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int) ready = goro_chan_make(int, 1);
    goro_go(configure, ready);
    goro_await(&s, 1);
    goro_select {
        goro_recv_case(ready, NULL) { return 1; }
        goro_default_case { settings = 2; } // RACE start
    }
    step(&s, 2);
    goro_chan_take(ready);
    return settings != 2;
}

int main(void)
{
    return goro_run(start, NULL);
}
