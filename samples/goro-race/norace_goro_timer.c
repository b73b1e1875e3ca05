/* What sets a timer is before what the timer does: the function it runs, or the receive of its time. */
#include <goro/goro.h>

static int settings;
static goro_chan_of(int) out;

static void fire(void *arg)
{
    (void)arg;
    settings++;
    goro_chan_send(out, settings);
}

static int start(void *arg)
{
    int64_t now;
    (void)arg;
    out = goro_chan_make(int, 0);
    for (int i = 0; i < 20; i++) {
        settings = i;
        struct goro_timer *t = goro_after_func(i % 3 * GORO_MICROSECOND, fire, NULL);
        struct goro_timer *channel = goro_timer_new(i % 2 * GORO_MICROSECOND);
        struct goro_ticker *ticker = goro_ticker_new(GORO_MICROSECOND);
        if (goro_chan_take(out) != i + 1)
            return 1;
        goro_chan_recv(goro_timer_chan(channel), &now);
        goro_chan_recv(goro_ticker_chan(ticker), &now);
        goro_timer_free(t);
        goro_timer_free(channel);
        goro_ticker_free(ticker);
    }
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
