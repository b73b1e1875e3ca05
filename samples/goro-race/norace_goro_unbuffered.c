/* On an unbuffered channel the receive is before the end of the send as well: the two meet. */
#include <goro/goro.h>

static int before, after;

static void work(goro_chan_of(int) meeting)
{
    before = 1;
    goro_chan_send(meeting, 1);
    after++;
    goro_chan_send(meeting, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int) meeting = goro_chan_make(int, 0);
    goro_go(work, meeting);
    after = 1;
    goro_chan_take(meeting);
    before++;
    goro_chan_take(meeting);
    return before != 2 || after != 2;
}

int main(void)
{
    return goro_run(start, NULL);
}
