/* Lesson: a ticker's channel gets the time at a steady beat; who is late misses ticks, they do not pile up. A timer fires once, and
 * can be stopped or set anew: a watchdog is a timer that is reset at each sign of life. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { TICKS = 5 };
static const int64_t beat = 2 * GORO_MILLISECOND;

static int start(void *arg)
{
    int64_t begin = goro_now(), last = 0;
    struct goro_ticker *ticker = goro_ticker_new(beat);
    struct goro_timer *watchdog = goro_timer_new(60 * GORO_SECOND);
    bool rising = true, barked = false;
    int ticks = 0;
    (void)arg;

    while (ticks < TICKS) {
        int64_t now;
        chan_select {
            recv_case(goro_ticker_chan(ticker), &now) {
                ticks++;
                rising &= now > last;
                last = now;
                goro_timer_reset(watchdog, 60 * GORO_SECOND);
            }
            recv_case(goro_timer_chan(watchdog), NULL) {
                barked = true;
                ticks = TICKS;
            }
        }
    }
    bool in_time = goro_now() - begin >= TICKS * beat; /* never early */
    goro_ticker_stop(ticker);
    bool pending = goro_timer_stop(watchdog);
    printf("%d ticks in %.1f ms\n", ticks, (double)(goro_now() - begin) / 1e6);
    goro_ticker_free(ticker);
    goro_timer_free(watchdog);
    return rising && !barked && in_time && pending ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
