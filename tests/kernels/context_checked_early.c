/* Context: both sides look whether they are cancelled before they meet, and not while they wait; the cancel comes
 * between the two looks. Fixed: looked at while waiting. */
#include "kernel.h"

static struct goro_context *context;
static chan_of(int) values;

static void produce(void)
{
    if (!goro_context_err(context))
        chan_try_send(values, 1);
}

static void consume(void)
{
#ifdef FIXED
    chan_select {
        recv_case(values, NULL) {
            break;
        }
        recv_case(goro_context_done(context), NULL) {
            break;
        }
    }
#else
    if (!goro_context_err(context))
        chan_take(values);
#endif
}

static void cancel(void)
{
    goro_context_cancel(context, 0);
}

static void kernel(void)
{
    values = chan_make(int, 1);
    context = goro_context_with_cancel(goro_context_background());
    TOGETHER(produce, cancel, consume);
    goro_context_release(context);
}
