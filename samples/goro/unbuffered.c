/* Lesson: a channel without buffer is a meeting. A send returns when the receiver has the value, so after it both sides know
 * where the other one is: what the receiver wrote before it received can be read by the sender without any lock. Two
 * goroutines that meet in turn play ping-pong. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { ROUNDS = 1000 };

static void player(chan_of(int) in, chan_of(int) out)
{
    chan_range(in, ball)
        chan_send(out, ball + 1);
    chan_close(out);
}

static int start(void *arg)
{
    chan_of(int) ping = chan_make(int, 0);
    chan_of(int) pong = chan_make(int, 0);
    int ball = 0;
    (void)arg;

    go(player, ping, pong);
    for (int i = 0; i < ROUNDS; i++) {
        chan_send(ping, ball);
        ball = chan_take(pong);
    }
    chan_close(ping);
    bool ended = !chan_recv(pong, NULL); /* the player closes it at its end */
    printf("the ball was played %d times\n", ball);
    chan_free(ping);
    chan_free(pong);
    return ended && ball == ROUNDS ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
