/* Lesson: fan-out: several goroutines receive from one channel, so the work spreads by itself. Fan-in: several send to one channel, so
 * one reader sees all results. Order is lost on the way; if it matters, number the values. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { LIMIT = 2000, CHECKERS = 4 };

static void candidates(send_chan_of(int) out)
{
    for (int i = 2; i < LIMIT; i++)
        chan_send(out, i);
    chan_close(out);
}

static void check(recv_chan_of(int) in, send_chan_of(int) out, waitgroup *checking)
{
    chan_range(in, n) {
        int d = 2;
        while (d * d <= n && n % d != 0)
            d++;
        if (d * d > n)
            chan_send(out, n);
    }
    waitgroup_done(checking);
}

static void close_after(waitgroup *checking, send_chan_of(int) out)
{
    waitgroup_wait(checking);
    chan_close(out);
}

static int start(void *arg)
{
    chan_of(int) numbers = chan_make(int, 32), primes = chan_make(int, 32);
    waitgroup checking = {0};
    int count = 0;
    long sum = 0;
    (void)arg;

    go(candidates, to_send(numbers));
    waitgroup_add(&checking, CHECKERS);
    for (int i = 0; i < CHECKERS; i++)
        go(check, to_recv(numbers), to_send(primes), &checking);
    go(close_after, &checking, to_send(primes));
    chan_range(primes, p) {
        count++;
        sum += p;
    }
    printf("%d primes below %d, their sum is %ld\n", count, LIMIT, sum);
    chan_free(numbers);
    chan_free(primes);
    return count == 303 && sum == 277050 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
