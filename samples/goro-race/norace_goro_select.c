/* The case of a select that is carried out orders as the operation alone would, whichever of two senders it meets. */
#include <goro/goro.h>

static int left, right, taken;

static void produce(int *to, goro_chan_of(int *) out)
{
    for (int i = 0; i < 50; i++) {
        ++*to;
        goro_chan_send(out, to);
    }
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int *) a = goro_chan_make(int *, 0), b = goro_chan_make(int *, 0);
    goro_go(produce, &left, a);
    goro_go(produce, &right, b);
    for (int *from; taken < 100; taken++) {
        goro_select {
            goro_recv_case(a, &from) {}
            goro_recv_case(b, &from) {}
        }
    }
    return left + right != 100;
}

int main(void)
{
    return goro_run(start, NULL);
}
