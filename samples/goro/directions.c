/* Lesson: a parameter says what a function may do with a channel. send_chan_of(T) can only be sent on and closed,
 * recv_chan_of(T) only be received from; the compiler refuses the rest. to_send and to_recv narrow a channel; nothing widens
 * it again. By convention the side that sends is the one that closes. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

static void count(send_chan_of(int) out, int n)
{
    for (int i = 1; i <= n; i++)
        chan_send(out, i);
    chan_close(out);
    /* chan_take(out);   does not compile: "receive from a send-only channel" */
}

static void square(recv_chan_of(int) in, send_chan_of(long) out)
{
    chan_range(in, v)
        chan_send(out, (long)v * v);
    chan_close(out);
    /* chan_close(in);   does not compile: "close of a receive-only channel" */
}

static long sum(recv_chan_of(long) in)
{
    long total = 0;
    chan_range(in, v)
        total += v;
    return total;
}

static int start(void *arg)
{
    chan_of(int) numbers = chan_make(int, 0);
    chan_of(long) squares = chan_make(long, 4);
    (void)arg;

    go(count, to_send(numbers), 100);
    go(square, to_recv(numbers), to_send(squares));
    long total = sum(to_recv(squares));
    printf("1 + 4 + 9 + ... + 10000 = %ld\n", total);
    chan_free(numbers);
    chan_free(squares);
    return total == 338350 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
