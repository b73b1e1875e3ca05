/* Lesson: timeout_case(ns) ends a wait that takes too long. The time starts anew with each select; for one limit over several waits
 * use a deadline (chan_recv_until) or a context. default_case instead does not wait at all. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

static void answer(send_chan_of(int) out, int64_t after)
{
    goro_sleep(after);
    chan_send(out, 42);
}

static int ask(int64_t takes, int64_t patience)
{
    chan_of(int) reply = chan_make(int, 1); /* room for the answer that nobody waits for any more */
    int v = 0;

    go(answer, to_send(reply), takes);
    chan_select {
        recv_case(reply, &v) {
            printf("the answer is %d\n", v);
        }
        timeout_case(patience) {
            printf("no answer in %.0f ms\n", (double)patience / 1e6);
        }
    }
    return v; /* `reply` is left to the goroutine that may still send */
}

static int start(void *arg)
{
    chan_of(int) silent = chan_make(int, 0);
    int v = 7, idle = 0;
    (void)arg;

    int quick = ask(0, 3600 * GORO_SECOND);
    int slow = ask(3600 * GORO_SECOND, 5 * GORO_MILLISECOND);
    chan_select {
        recv_case(silent, &v) {
        }
        default_case {
            idle++;
        }
    }
    int64_t deadline = goro_now() + 5 * GORO_MILLISECOND;
    int result = chan_recv_until(silent, deadline, &v);
    bool waited = goro_now() >= deadline;
    chan_free(silent);
    return quick == 42 && slow == 0 && idle == 1 && result == -ETIMEDOUT && waited && v == 7 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
