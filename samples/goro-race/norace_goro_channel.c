/* What was written before a send is there after the receive; after a buffered channel has given a slot back, what was
 * read before is over. */
#include <goro/goro.h>

static int message;
static int slots[2];

static void produce(goro_chan_of(int) rendezvous, goro_chan_of(int *) buffer)
{
    message = 1;
    goro_chan_send(rendezvous, 1);
    for (int i = 0; i < 100; i++) {
        int *slot = &slots[i % 2];
        *slot = i; /* the receive of the last one but two came before its slot was free */
        goro_chan_send(buffer, slot);
        goro_chan_take(rendezvous);
    }
    goro_chan_close(buffer);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int) rendezvous = goro_chan_make(int, 0);
    goro_chan_of(int *) buffer = goro_chan_make(int *, 1);
    int sum = 0;
    goro_go(produce, rendezvous, buffer);
    goro_chan_take(rendezvous);
    message++;
    goro_chan_range(buffer, slot) {
        sum += *slot;
        goro_chan_send(rendezvous, 1);
    }
    goro_chan_free(rendezvous);
    goro_chan_free(buffer);
    return sum != 4950;
}

int main(void)
{
    return goro_run(start, NULL);
}
