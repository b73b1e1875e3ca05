/* Lesson: sometimes the answer "not now" is better than waiting. chan_try_send and chan_try_recv are a select with one case and
 * default. A server that would rather drop work than queue without end uses exactly this: when the channel is full, shed. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { ROOM = 8, REQUESTS = 20 };

static int start(void *arg)
{
    chan_of(int) requests = chan_make(int, ROOM);
    chan_of(int) nobody = chan_make(int, 0);
    int accepted = 0, shed = 0, served = 0, v, sent = 0;
    (void)arg;

    for (int i = 0; i < REQUESTS; i++) {
        if (chan_try_send(requests, i))
            accepted++;
        else
            shed++;
    }
    while (chan_try_recv(requests, &v) == 1)
        served++;

    sent += chan_try_send(nobody, 1); /* without buffer, only a receiver that waits makes it possible */
    chan_select {
        send_case(nobody, 1) {
            sent++;
        }
        recv_case(nobody, &v) { /* select does not meet itself */
            sent++;
        }
        default_case {
        }
    }
    chan_close(requests);
    int closed = chan_try_recv(requests, &v); /* 0, not -EAGAIN: nothing will come */

    printf("%d accepted, %d shed, %d served\n", accepted, shed, served);
    chan_free(requests);
    chan_free(nobody);
    return accepted == ROOM && shed == REQUESTS - ROOM && served == ROOM && sent == 0 && closed == 0 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
