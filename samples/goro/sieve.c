/* Lesson: goroutines as the parts of a machine. The sieve of primes is a chain that grows: each prime found adds one goroutine
 * that lets through what its prime does not divide. The program is the picture of the algorithm; each part is
 * three lines and knows only its two channels. (It is a benchmark of channels, not the way to find primes.) */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>
#include <stdlib.h>

static void generate(send_chan_of(int) out)
{
    for (int i = 2;; i++)
        chan_send(out, i);
}

static void filter(recv_chan_of(int) in, send_chan_of(int) out, int prime)
{
    for (;;) {
        int i = chan_take(in);
        if (i % prime != 0)
            chan_send(out, i);
    }
}

static int start(void *arg)
{
    int count = *(int *)arg, prime = 0;
    chan_of(int) c = chan_make(int, 0);

    go(generate, to_send(c));
    for (int i = 0; i < count; i++) {
        prime = chan_take(c);
        chan_of(int) next = chan_make(int, 0);
        go(filter, to_recv(c), to_send(next), prime);
        c = next;
    }
    printf("prime number %d is %d\n", count, prime);
    return prime; /* the chain goes on for ever: the end of main ends it */
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 200;
    int prime = goro_run(start, &count);
    return argc > 1 ? prime <= 1 : prime != 1223;
}
