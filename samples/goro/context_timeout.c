/* Lesson: a context carries the end of a task down through all it calls: who starts the task sets the limit, who waits in it waits
 * for the context as well. Cancelling a context cancels all that were made from it; a child can end earlier than
 * its parent, never later. goro_context_err tells why: -ETIMEDOUT or -ECANCELED. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

/* The work: `steps` steps of `ns` each, or until the context ends it. */
static int fetch(struct goro_context *context, int steps, int64_t ns)
{
    for (int i = 0; i < steps; i++) {
        int error = goro_context_sleep(context, ns);
        if (error)
            return error;
    }
    return steps;
}

static void fetch_and_tell(struct goro_context *context, send_chan_of(int) result)
{
    chan_send(result, fetch(context, 1, 60 * GORO_SECOND));
}

static int start(void *arg)
{
    struct goro_context *background = goro_context_background();
    struct goro_context *whole = goro_context_with_cancel(background);
    struct goro_context *hurry = goro_context_with_timeout(whole, 5 * GORO_MILLISECOND);
    struct goro_context *patient = goro_context_with_timeout(whole, 60 * GORO_SECOND);
    chan_of(int) result = chan_make(int, 0);
    (void)arg;

    int in_time = fetch(patient, 3, GORO_MICROSECOND);
    int too_slow = fetch(hurry, 1, 60 * GORO_SECOND);
    go(fetch_and_tell, patient, to_send(result));
    goro_context_cancel(whole, 0); /* the parent ends: so does `patient`, long before its own time */
    int cancelled = chan_take(result);

    printf("in time: %d steps; too slow: %d; cancelled: %d\n", in_time, too_slow, cancelled);
    bool right = in_time == 3 && too_slow == -ETIMEDOUT && goro_context_err(hurry) == -ETIMEDOUT &&
                 cancelled == -ECANCELED && goro_context_err(patient) == -ECANCELED;
    goro_context_release(hurry);
    goro_context_release(patient);
    goro_context_release(whole);
    chan_free(result);
    return right ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
