/* Lesson: a pipeline is stages joined by channels. If the last stage stops early, those before it would wait for ever to send, so
 * every send is a select with the context's done channel as well: cancel, and the whole chain goes home. The stages close
 * their outputs on every way out, and a wait group proves that nobody is left. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

static waitgroup stages;

static bool send_unless_done(struct goro_context *context, send_chan_of(int) out, int v)
{
    bool sent = false;
    chan_select {
        send_case(out, v) {
            sent = true;
        }
        recv_case(goro_context_done(context), NULL) {
        }
    }
    return sent;
}

static void numbers(struct goro_context *context, send_chan_of(int) out)
{
    for (int i = 0; send_unless_done(context, out, i); i++)
        continue;
    chan_close(out);
    waitgroup_done(&stages);
}

static void squares(struct goro_context *context, recv_chan_of(int) in, send_chan_of(int) out)
{
    chan_range(in, v) {
        if (!send_unless_done(context, out, v * v))
            break;
    }
    chan_close(out);
    waitgroup_done(&stages);
}

static int start(void *arg)
{
    struct goro_context *context = goro_context_with_cancel(goro_context_background());
    chan_of(int) a = chan_make(int, 0), b = chan_make(int, 0);
    int found = 0;
    (void)arg;

    waitgroup_add(&stages, 2);
    go(numbers, context, to_send(a));
    go(squares, context, to_recv(a), to_send(b));
    chan_range(b, v) {
        if (v > 1000) {
            found = v;
            break; /* enough: the two stages are in the middle of their work */
        }
    }
    goro_context_cancel(context, 0);
    waitgroup_wait(&stages);
    printf("the first square over 1000 is %d\n", found);
    chan_free(a);
    chan_free(b);
    goro_context_release(context);
    return found == 1024 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
