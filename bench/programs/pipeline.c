/* Blocks of numbers through a pipeline of goroutines:  pipeline BLOCKS
 *
 * LINES lines of a source, STAGES stages and one sink for all of them; the channels hold a few blocks. A stage writes every
 * number of a block that another goroutine wrote before: it is the channels alone that order them. */
#include <goro/goro.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES = 4, STAGES = 4, NUMBERS = 64, ROOM = 8 };

struct block {
    uint32_t numbers[NUMBERS];
};

typedef goro_chan_of(struct block *) blocks;

static void source(blocks out, long n)
{
    for (long i = 0; i < n; i++) {
        struct block *b = malloc(sizeof(*b));
        if (!b)
            abort();
        for (int k = 0; k < NUMBERS; k++)
            b->numbers[k] = (uint32_t)(i + k);
        goro_chan_send(out, b);
    }
    goro_chan_close(out);
}

static void stage(blocks in, blocks out)
{
    goro_chan_range(in, b) {
        for (int k = 0; k < NUMBERS; k++)
            b->numbers[k] = b->numbers[k] * 2654435761U + 1;
        goro_chan_send(out, b);
    }
    goro_chan_close(out);
}

static void sink(blocks in, goro_chan_of(uint64_t) out)
{
    uint64_t sum = 0;
    goro_chan_range(in, b) {
        for (int k = 0; k < NUMBERS; k++)
            sum += b->numbers[k];
        free(b);
    }
    goro_chan_send(out, sum);
}

static int start(void *arg)
{
    long n = *(long *)arg / LINES;
    goro_chan_of(uint64_t) sums = goro_chan_make(uint64_t, 0);
    for (int line = 0; line < LINES; line++) {
        blocks in = goro_chan_make(struct block *, ROOM);
        goro_go(source, in, n);
        for (int i = 0; i < STAGES; i++) {
            blocks out = goro_chan_make(struct block *, ROOM);
            goro_go(stage, in, out);
            in = out;
        }
        goro_go(sink, in, sums);
    }
    uint64_t sum = 0;
    for (int line = 0; line < LINES; line++)
        sum += goro_chan_take(sums);
    printf("%llu\n", (unsigned long long)sum);
    return 0;
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 100000;
    return goro_run(start, &n);
}
