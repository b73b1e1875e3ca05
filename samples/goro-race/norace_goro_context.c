/* The end of a context is before whoever sees it, and what was done before a function was set is before it runs: also if the one
 * who cancels has nothing to do with it. */
#include <goro/goro.h>

static int reason, settings, seen;
static goro_waitgroup done;

static void on_end(void *arg)
{
    seen = *(int *)arg;
    goro_waitgroup_done(&done);
}

static void cancel_when_told(struct goro_context *c, goro_chan_of(char) now)
{
    goro_chan_take(now);
    reason = 7;
    goro_context_cancel(c, 0);
    goro_context_release(c);
    goro_waitgroup_done(&done);
}

static void tell(goro_chan_of(char) now)
{
    goro_chan_send(now, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(char) now = goro_chan_make(char, 0);
    struct goro_context *c = goro_context_with_cancel(goro_context_background());
    goro_waitgroup_add(&done, 2);
    goro_go(cancel_when_told, goro_context_retain(c), now);
    goro_go(tell, now);
    settings = 42;
    struct goro_context *f = goro_context_after_func(c, on_end, &settings);
    goro_chan_recv(goro_context_done(c), NULL);
    int result = reason;
    goro_waitgroup_wait(&done);
    goro_context_release(f);
    goro_context_release(c);
    return result != 7 || seen != 42;
}

int main(void)
{
    return goro_run(start, NULL);
}
