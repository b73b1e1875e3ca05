/* Lesson: a channel with capacity N takes N values before a sender waits, so sender and receiver need not meet. It is a queue
 * of fixed length, first in first out; len and cap say how full it is. After a close the values inside still
 * come out; then each receive gives zero and false at once. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

static int start(void *arg)
{
    chan_of(double) c = chan_make(double, 3);
    double v, sum = 0;
    bool right = true;
    (void)arg;

    right &= chan_try_recv(c, &v) == -EAGAIN; /* empty: a receiver would wait */
    for (int i = 1; i <= 3; i++)
        chan_send(c, i / 2.0); /* nobody receives, none of these waits */
    right &= chan_len(c) == 3 && chan_cap(c) == 3;
    right &= !chan_try_send(c, 9.5); /* full: a sender would wait */

    chan_close(c);
    for (double last = 0; chan_recv(c, &v); last = v) {
        right &= v > last; /* in the order they were sent in */
        printf("%g, %zu left\n", v, chan_len(c));
        sum += v;
    }
    right &= v == 0 && chan_take(c) == 0; /* closed and drained */
    chan_free(c);
    return right && sum == 3.0 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
