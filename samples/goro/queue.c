/* Lesson: channels have a fixed capacity on purpose. An unbounded queue is a goroutine with two channels and a growing array between
 * them: it always receives, and offers the oldest value while there is one (the send case is nil, so off, otherwise). A
 * sender never waits; memory is now the limit. goro_queue is the same, ready made. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>
#include <stdlib.h>

enum { VALUES = 5000 };

static void queue(recv_chan_of(int) in, send_chan_of(int) out)
{
    int *values = NULL, v;
    size_t first = 0, count = 0, room = 0;
    bool ok;

    while (in || first < count) {
        chan_select {
            recv_case_ok(in, &v, &ok) {
                if (!ok) {
                    in = NULL;
                    break;
                }
                if (count == room) {
                    room = room ? 2 * room : 16;
                    values = realloc(values, room * sizeof *values);
                    if (!values)
                        goro_panic("no memory for %zu values", room);
                }
                values[count++] = v;
            }
            send_case(first < count ? out : NULL, first < count ? values[first] : 0) {
                first++;
            }
        }
    }
    free(values);
    chan_close(out);
}

static int start(void *arg)
{
    chan_of(int) in = chan_make(int, 0), out = chan_make(int, 0);
    struct goro_queue *ready_made = goro_queue_new(sizeof(int));
    int next = 0, also = 0, v;
    (void)arg;

    go(queue, to_recv(in), to_send(out));
    for (int i = 0; i < VALUES; i++) { /* all before the first is taken out */
        chan_send(in, i);
        goro_queue_push(ready_made, &i);
    }
    chan_close(in);
    goro_queue_close(ready_made);
    chan_range(out, value)
        next += value == next;
    while (goro_queue_pop(ready_made, &v, GORO_FOREVER) == 1)
        also += v == also;
    printf("%d and %d values, in order\n", next, also);
    goro_queue_free(ready_made);
    chan_free(in);
    chan_free(out);
    return next == VALUES && also == VALUES ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
