/* Goroutines, channels and contexts. */
#include "goroutine.h"

static goro_waitgroup done;
static struct schedule steps;
static bool right; /* the twin runs */

static void wait_for_end(struct goro_context *context)
{
    goro_chan_recv(goro_context_done(context), NULL); // WAITS
    goro_waitgroup_done(&done);
}

/* Nobody cancels the context that the worker waits for. */
void stuck_goro_never_cancelled(bool fixed)
{
    struct goro_context *context = goro_context_with_cancel(goro_context_background());

    goro_waitgroup_add(&done, 1);
    must_go(wait_for_end, context);
    if (fixed)
        goro_context_cancel(context, 0);
    goro_waitgroup_wait(&done);
    goro_context_release(context);
}

/* The worker was given the background, which never ends, in place of the request's context. */
void stuck_goro_background(bool fixed)
{
    struct goro_context *context = goro_context_with_cancel(goro_context_background());

    goro_waitgroup_add(&done, 1);
    must_go(wait_for_end, fixed ? context : goro_context_background());
    goro_context_cancel(context, 0);
    goro_waitgroup_wait(&done);
    goro_context_release(context);
}

/* Waits for the worker's end before it cancels what the worker waits for. */
void stuck_goro_cancel_too_late(bool fixed)
{
    struct goro_context *context = goro_context_with_cancel(goro_context_background());

    goro_waitgroup_add(&done, 1);
    must_go(wait_for_end, context);
    if (fixed)
        goro_context_cancel(context, 0);
    goro_waitgroup_wait(&done); // WAITS
    if (!fixed)
        goro_context_cancel(context, 0);
    goro_context_release(context);
}

static void stuck_goro_ignores_cancel_work(struct goro_context *context, goro_chan_of(int) result)
{
    await_step(&steps, 1);
    if (right)
        goro_select {
            goro_send_case(result, 1) {}
            goro_recv_case(goro_context_done(context), NULL) {}
        }
    else
        goro_chan_send(result, 1); // WAITS
    goro_waitgroup_done(&done);
}

/* The caller leaves when it is cancelled; the worker sends its result regardless. */
void stuck_goro_ignores_cancel(bool fixed)
{
    struct goro_context *context = goro_context_with_cancel(goro_context_background());
    goro_chan_of(int) result = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(stuck_goro_ignores_cancel_work, context, result);
    goro_context_cancel(context, 0);
    goro_select {
        goro_recv_case(result, NULL) {}
        goro_recv_case(goro_context_done(context), NULL) {}
    }
    step(&steps, 1);
    goro_waitgroup_wait(&done);
    goro_context_release(context);
}

static void stuck_goro_watcher_watch(struct goro_context *context, goro_chan_of(int) events)
{
    goro_select { // WAITS
        goro_recv_case(goro_context_done(context), NULL) {}
        goro_recv_case(events, NULL) {}
    }
    goro_waitgroup_done(&done);
}

/* A watcher outlives the request because it watches a child that only its parent's end would end. */
void stuck_goro_watcher(bool fixed)
{
    struct goro_context *parent = goro_context_with_cancel(goro_context_background());
    struct goro_context *child = goro_context_with_cancel(parent);
    struct goro_context *sibling = goro_context_with_cancel(parent);
    goro_chan_of(int) events = goro_chan_make(int, 0);

    goro_waitgroup_add(&done, 1);
    must_go(stuck_goro_watcher_watch, child, events);
    goro_context_cancel(fixed ? parent : sibling, 0);
    goro_waitgroup_wait(&done);
    goro_context_release(sibling);
    goro_context_release(child);
    goro_context_release(parent);
}

static void stuck_goro_both_report_work(goro_chan_of(int) result, struct goro_context *context, bool always)
{
    if (!always)
        goro_chan_recv(goro_context_done(context), NULL);
    goro_chan_send(result, always); // WAITS
    goro_waitgroup_done(&done);
}

/* The result and the news of the cancel both go to a channel that is read once. */
void stuck_goro_both_report(bool fixed)
{
    struct goro_context *context = goro_context_with_cancel(goro_context_background());
    goro_chan_of(int) result = goro_chan_make(int, fixed ? 1 : 0);

    goro_waitgroup_add(&done, 2);
    must_go(stuck_goro_both_report_work, result, context, true);
    must_go(stuck_goro_both_report_work, result, context, false);
    goro_chan_take(result);
    goro_context_cancel(context, 0);
    goro_waitgroup_wait(&done);
    goro_context_release(context);
}

static int stuck_goro_group_limit_inner(void *arg)
{
    (void)arg;
    return 0;
}

static int stuck_goro_group_limit_outer(void *arg)
{
    return goro_group_go(arg, stuck_goro_group_limit_inner, NULL); // WAITS
}

/* A task of a group of one at a time adds another and waits for its own place. */
void stuck_goro_group_limit(bool fixed)
{
    static goro_group group;

    goro_group_init(&group, NULL);
    goro_group_limit(&group, fixed ? 2 : 1);
    goro_group_go(&group, stuck_goro_group_limit_outer, &group);
    goro_group_wait(&group);
}
