/* Goroutines that wait for what nobody can do any more, while the program goes on and ends: what only reachability tells. The
 * functions that start them are not inlined, so that no stale copy of a channel is left in a frame that lives. */
#include "goroutine.h"
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

static struct schedule steps;

static void stuck_goro_leaked_sender_work(goro_chan_of(int) result)
{
    await_step(&steps, 1); /* later than the caller has patience */
    goro_chan_send(result, 42); // WAITS
    step(&steps, 2);
}

/* The caller gives up before the result comes, and the worker never gets rid of it. The twin's channel has room for it. */
static NOINLINE void stuck_goro_leaked_sender_call(bool fixed)
{
    goro_chan_of(int) result = goro_chan_make(int, fixed ? 1 : 0);

    must_go(stuck_goro_leaked_sender_work, result);
    goro_select {
        goro_recv_case(result, NULL) {}
        goro_timeout_case(GORO_MILLISECOND) {}
    }
}

/* Main ends when the worker waits, or, in the twin, has sent. */
void stuck_goro_leaked_sender(bool fixed)
{
    stuck_goro_leaked_sender_call(fixed);
    step(&steps, 1);
    if (fixed)
        await_step(&steps, 2);
    else
        await_waiting("chan send", 1);
}

static void stuck_goro_leaked_receiver_work(goro_chan_of(int) work)
{
    goro_chan_range(work, value) // WAITS
        (void)value;
    step(&steps, 1);
}

static NOINLINE void stuck_goro_leaked_receiver_feed(bool fixed)
{
    goro_chan_of(int) work = goro_chan_make(int, 0);

    must_go(stuck_goro_leaked_receiver_work, work);
    goro_chan_send(work, 1);
    if (fixed)
        goro_chan_close(work);
}

/* The worker's channel goes out of scope without a close, and main ends. */
void stuck_goro_leaked_receiver(bool fixed)
{
    stuck_goro_leaked_receiver_feed(fixed);
    if (fixed)
        await_step(&steps, 1);
    else
        await_waiting("chan receive", 1);
}

static void serve(goro_chan_of(int) requests)
{
    goro_chan_range(requests, request)
        (void)request;
}

goro_chan_of(int) stuck_goro_leaked_server_requests; /* not static: or it is never written, as it is never read */

static NOINLINE void stuck_goro_leaked_server_start(bool fixed)
{
    goro_chan_of(int) requests = goro_chan_make(int, 0);

    must_go(serve, requests);
    if (fixed)
        stuck_goro_leaked_server_requests = requests;
}

/* A server that nobody can reach. The twin's waits as well when main ends, but a global variable leads to it. */
void stuck_goro_leaked_server(bool fixed)
{
    stuck_goro_leaked_server_start(fixed);
    await_waiting("chan receive", 1);
}

struct registry {
    struct registry *next;
    goro_chan_of(int) requests;
};

struct registry *stuck_goro_leaked_entry_first;

static NOINLINE void stuck_goro_leaked_entry_start(bool fixed)
{
    struct registry *entry = calloc(1, sizeof *entry), *outer = calloc(1, sizeof *outer);

    entry->requests = goro_chan_make(int, 0);
    outer->next = entry;
    stuck_goro_leaked_entry_first = outer;
    must_go(serve, entry->requests);
    if (!fixed)
        outer->next = NULL; /* and so it leaks */
}

/* The same by way of a list in the heap, of which the entry was taken out. */
void stuck_goro_leaked_entry(bool fixed)
{
    stuck_goro_leaked_entry_start(fixed);
    await_waiting("chan receive", 1);
}

static void stuck_goro_leaked_chain_forward(goro_chan_of(int) in, goro_chan_of(int) out)
{
    goro_chan_range(in, value) // WAITS
        goro_chan_send(out, value);
    goro_chan_close(out);
    step(&steps, 1);
}

static NOINLINE void stuck_goro_leaked_chain_start(bool fixed)
{
    goro_chan_of(int) first = goro_chan_make(int, 0), second = goro_chan_make(int, 0), last = goro_chan_make(int, 1);

    must_go(stuck_goro_leaked_chain_forward, second, last);
    must_go(stuck_goro_leaked_chain_forward, first, second);
    if (fixed)
        goro_chan_close(first);
}

/* A pipeline whose source is gone: the second stage is known to the first only, which nobody knows. */
void stuck_goro_leaked_chain(bool fixed)
{
    stuck_goro_leaked_chain_start(fixed);
    if (fixed)
        await_step(&steps, 1);
    else
        await_waiting("chan receive", 2);
}

static void stuck_goro_leaked_select_work(goro_chan_of(int) work, goro_chan_of(int) quit)
{
    for (bool stop = false; !stop;)
        goro_select { // WAITS
            goro_recv_case(work, NULL) {}
            goro_recv_case(quit, NULL) { stop = true; }
        }
    step(&steps, 1);
}

static NOINLINE void stuck_goro_leaked_select_start(bool fixed)
{
    goro_chan_of(int) work = goro_chan_make(int, 0), quit = goro_chan_make(int, 0);

    must_go(stuck_goro_leaked_select_work, work, quit);
    goro_chan_send(work, 1);
    if (fixed)
        goro_chan_close(quit);
}

/* A worker whose channels are both lost. */
void stuck_goro_leaked_select(bool fixed)
{
    stuck_goro_leaked_select_start(fixed);
    if (fixed)
        await_step(&steps, 1);
    else
        await_waiting("select", 1);
}

static void stuck_goro_leaked_context_watch(struct goro_context *context)
{
    goro_chan_recv(goro_context_done(context), NULL); // WAITS
    goro_context_release(context);
    step(&steps, 1);
}

static NOINLINE void stuck_goro_leaked_context_request(bool fixed)
{
    struct goro_context *context = goro_context_with_cancel(goro_context_background());

    must_go(stuck_goro_leaked_context_watch, goro_context_retain(context));
    if (fixed)
        goro_context_cancel(context, 0);
    goro_context_release(context);
}

/* A request drops its context without a cancel; the watcher has one of its own. */
void stuck_goro_leaked_context(bool fixed)
{
    stuck_goro_leaked_context_request(fixed);
    if (fixed)
        await_step(&steps, 1);
    else
        await_waiting("chan receive", 1);
}

static void stuck_goro_leaked_group_wait(goro_waitgroup *group)
{
    goro_waitgroup_wait(group); // WAITS
    free(group);
    step(&steps, 1);
}

static NOINLINE void stuck_goro_leaked_group_start(bool fixed)
{
    goro_waitgroup *group = calloc(1, sizeof *group);

    goro_waitgroup_add(group, 1);
    must_go(stuck_goro_leaked_group_wait, group);
    if (fixed)
        goro_waitgroup_done(group);
}

/* Who waits frees the group that nobody else knows, and is never told. */
void stuck_goro_leaked_group(bool fixed)
{
    stuck_goro_leaked_group_start(fixed);
    if (fixed)
        await_step(&steps, 1);
    else
        await_waiting("waitgroup", 1);
}
