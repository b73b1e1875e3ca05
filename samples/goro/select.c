/* Lesson: select waits for several channels at once and does exactly one of the operations that are ready: if more than one
 * is, a random one, so no channel starves another. A nil channel is never ready: setting the variable of a channel that is
 * finished to NULL switches its case off. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { EACH = 1000 };

static void count(send_chan_of(int) out)
{
    for (int i = 0; i < EACH; i++)
        chan_send(out, i);
    chan_close(out);
}

static int start(void *arg)
{
    chan_of(int) made[2] = {chan_make(int, 10), chan_make(int, 10)};
    chan_of(int) a = made[0], b = made[1];
    int from_a = 0, from_b = 0, early_a = 0, v;
    bool ok;
    (void)arg;

    go(count, to_send(a));
    go(count, to_send(b));
    while (a || b) {
        chan_select {
            recv_case_ok(a, &v, &ok) {
                from_a += ok;
                early_a += b != NULL;
                if (!ok)
                    a = NULL;
            }
            recv_case_ok(b, &v, &ok) {
                from_b += ok;
                if (!ok)
                    b = NULL;
            }
        }
    }
    printf("%d and %d values; %d of a's while b was open\n", from_a, from_b, early_a);
    chan_free(made[0]);
    chan_free(made[1]);
    return from_a == EACH && from_b == EACH ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
