/* Lesson: several producers and several consumers share one channel without any lock of their own. A channel is closed once,
 * by nobody who still sends: with several producers, one more goroutine waits for all of them and closes. Each consumer's
 * range then ends by itself. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { PRODUCERS = 4, CONSUMERS = 3, EACH = 1000 };

static waitgroup producing;

static void produce(send_chan_of(int) out, int id)
{
    for (int i = 0; i < EACH; i++)
        chan_send(out, id * EACH + i);
    waitgroup_done(&producing);
}

static void close_after_all(send_chan_of(int) out)
{
    waitgroup_wait(&producing);
    chan_close(out);
}

static void consume(recv_chan_of(int) in, send_chan_of(long) result)
{
    long sum = 0;
    chan_range(in, v)
        sum += v;
    chan_send(result, sum);
}

static int start(void *arg)
{
    chan_of(int) goods = chan_make(int, 16);
    chan_of(long) results = chan_make(long, 0);
    long total = 0, n = PRODUCERS * EACH;
    (void)arg;

    waitgroup_add(&producing, PRODUCERS);
    for (int i = 0; i < PRODUCERS; i++)
        go(produce, to_send(goods), i);
    go(close_after_all, to_send(goods));
    for (int i = 0; i < CONSUMERS; i++)
        go(consume, to_recv(goods), to_send(results));
    for (int i = 0; i < CONSUMERS; i++)
        total += chan_take(results);

    printf("%ld goods, sum %ld\n", n, total);
    chan_free(goods);
    chan_free(results);
    return total == n * (n - 1) / 2 ? 0 : 1; /* each was consumed exactly once */
}

int main(void)
{
    return goro_run(start, NULL);
}
