/* Goroutines that wait on channels for what nobody is left to do. */
#include "goroutine.h"

static goro_waitgroup done;
static bool right; /* the twin runs */

void stuck_goro_no_sender(bool fixed)
{
    goro_chan_of(int) c = goro_chan_make(int, 1);

    if (fixed)
        goro_chan_send(c, 1);
    goro_chan_take(c); // WAITS
    goro_chan_free(c);
}

/* Send and receive by one goroutine, on a channel without room. */
void stuck_goro_self_send(bool fixed)
{
    goro_chan_of(int) c = goro_chan_make(int, fixed ? 1 : 0);

    goro_chan_send(c, 1); // WAITS
    goro_chan_take(c);
    goro_chan_free(c);
}

static void stuck_goro_no_close_consume(goro_recv_chan_of(int) in)
{
    goro_chan_range(in, value) // WAITS
        (void)value;
    goro_waitgroup_done(&done);
}

/* The consumer ranges over a channel that the producer forgets to close. */
void stuck_goro_no_close(bool fixed)
{
    goro_chan_of(int) c = goro_chan_make(int, 0);

    goro_waitgroup_add(&done, 1);
    must_go(stuck_goro_no_close_consume, goro_to_recv(c));
    for (int i = 0; i < 3; i++)
        goro_chan_send(c, i);
    if (fixed)
        goro_chan_close(c);
    goro_waitgroup_wait(&done);
}

/* A channel that was never made. */
void stuck_goro_nil(bool fixed)
{
    goro_chan_of(int) c = fixed ? goro_chan_make(int, 1) : NULL;

    goro_chan_send(c, 1); // WAITS
    goro_chan_free(c);
}

void stuck_goro_empty_select(bool fixed)
{
    if (!fixed)
        goro_select {} // WAITS
}

static void stuck_goro_consumer_leaves_produce(goro_chan_of(int) out, goro_chan_of(int) stop)
{
    for (int i = 0; i < 10; i++) {
        bool stopped = false;
        goro_select { // WAITS
            goro_send_case(out, i) {}
            goro_recv_case(stop, NULL) { stopped = true; }
        }
        if (stopped)
            break;
    }
    goro_waitgroup_done(&done);
}

/* The consumer has found what it was looking for and leaves. The twin says so. */
void stuck_goro_consumer_leaves(bool fixed)
{
    goro_chan_of(int) values = goro_chan_make(int, 0), stop = goro_chan_make(int, 0);

    goro_waitgroup_add(&done, 1);
    must_go(stuck_goro_consumer_leaves_produce, values, fixed ? stop : NULL);
    goro_chan_range(values, value)
        if (value == 3)
            break;
    goro_chan_close(stop);
    goro_waitgroup_wait(&done);
}

static void stuck_goro_crossed_exchange(goro_chan_of(int) to, goro_chan_of(int) from, bool sends_first)
{
    if (sends_first)
        goro_chan_send(to, 1); // WAITS
    goro_chan_take(from);
    if (!sends_first)
        goro_chan_send(to, 2);
    goro_waitgroup_done(&done);
}

/* Two exchange values over two channels without room: both send first. */
void stuck_goro_crossed(bool fixed)
{
    goro_chan_of(int) there = goro_chan_make(int, 0), back = goro_chan_make(int, 0);

    goro_waitgroup_add(&done, 2);
    must_go(stuck_goro_crossed_exchange, there, back, true);
    must_go(stuck_goro_crossed_exchange, back, there, !fixed);
    goro_waitgroup_wait(&done);
}

static void stuck_goro_two_errors_work(goro_chan_of(int) errors)
{
    goro_chan_send(errors, -EIO); // WAITS
    goro_waitgroup_done(&done);
}

/* Two workers fail, room and interest are for one error. */
void stuck_goro_two_errors(bool fixed)
{
    goro_chan_of(int) errors = goro_chan_make(int, fixed ? 2 : 0);

    goro_waitgroup_add(&done, 2);
    must_go(stuck_goro_two_errors_work, errors);
    must_go(stuck_goro_two_errors_work, errors);
    goro_chan_take(errors);
    goro_waitgroup_wait(&done);
}

static void stuck_goro_pipeline_stage(goro_chan_of(int) in, goro_chan_of(int) out, int fails_at)
{
    goro_chan_range(in, value) {
        if (value == fails_at)
            break;
        goro_chan_send(out, value);
    }
    if (right)
        goro_chan_range(in, rest) /* drains, so that the stage before can end */
            (void)rest;
    goro_chan_close(out);
    goro_waitgroup_done(&done);
}

static void stuck_goro_pipeline_source(goro_chan_of(int) out)
{
    for (int i = 0; i < 6; i++)
        goro_chan_send(out, i); // WAITS
    goro_chan_close(out);
    goro_waitgroup_done(&done);
}

/* A stage that fails in the middle stops receiving. */
void stuck_goro_pipeline(bool fixed)
{
    goro_chan_of(int) first = goro_chan_make(int, 0), second = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 2);
    must_go(stuck_goro_pipeline_source, first);
    must_go(stuck_goro_pipeline_stage, first, second, 2);
    goro_chan_range(second, value)
        (void)value;
    goro_waitgroup_wait(&done);
}

static void stuck_goro_no_stop_worker(goro_chan_of(int) work, goro_chan_of(int) stop)
{
    for (bool stopped = false; !stopped;)
        goro_select { // WAITS
            goro_recv_case(work, NULL) {}
            goro_recv_case(stop, NULL) { stopped = true; }
        }
    goro_waitgroup_done(&done);
}

/* Nobody tells the workers to stop. */
void stuck_goro_no_stop(bool fixed)
{
    goro_chan_of(int) work = goro_chan_make(int, 0), stop = goro_chan_make(int, 0);

    goro_waitgroup_add(&done, 2);
    must_go(stuck_goro_no_stop_worker, work, stop);
    must_go(stuck_goro_no_stop_worker, work, stop);
    for (int i = 0; i < 4; i++)
        goro_chan_send(work, i);
    if (fixed)
        goro_chan_close(stop);
    goro_waitgroup_wait(&done);
}

/* Waits for a timer that was stopped; the twin starts it again. */
void stuck_goro_stopped_timer(bool fixed)
{
    struct goro_timer *timer = goro_timer_new(GORO_SECOND);

    goro_timer_stop(timer);
    if (fixed)
        goro_timer_reset(timer, GORO_MILLISECOND);
    goro_chan_take(goro_timer_chan(timer)); // WAITS
    goro_timer_free(timer);
}

static void stuck_goro_one_stop_for_two_worker(goro_chan_of(int) stop)
{
    goro_chan_recv(stop, NULL); // WAITS
    goro_waitgroup_done(&done);
}

/* One value tells one of two to stop. The twin closes the channel, which tells all. */
void stuck_goro_one_stop_for_two(bool fixed)
{
    goro_chan_of(int) stop = goro_chan_make(int, 0);

    goro_waitgroup_add(&done, 2);
    must_go(stuck_goro_one_stop_for_two_worker, stop);
    must_go(stuck_goro_one_stop_for_two_worker, stop);
    if (fixed)
        goro_chan_close(stop);
    else
        goro_chan_send(stop, 1);
    goro_waitgroup_wait(&done);
}

static void stuck_goro_acknowledge_handle(goro_chan_of(int) requests, goro_chan_of(int) answers)
{
    goro_chan_range(requests, request)
        if (request != 2 || right)
            goro_chan_send(answers, request);
    goro_waitgroup_done(&done);
}

/* A request that is dropped is never answered. */
void stuck_goro_acknowledge(bool fixed)
{
    goro_chan_of(int) requests = goro_chan_make(int, 0), answers = goro_chan_make(int, 0);

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(stuck_goro_acknowledge_handle, requests, answers);
    for (int i = 1; i <= 3; i++) {
        goro_chan_send(requests, i);
        goro_chan_take(answers); // WAITS
    }
    goro_chan_close(requests);
    goro_waitgroup_wait(&done);
}
