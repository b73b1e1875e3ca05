/* Context: a generator sends its next number to who may have gone, for it does not look at the context. Fixed: it
 * does. */
#include "kernel.h"

static void generate(chan_of(int) numbers, struct goro_context *context)
{
#ifdef FIXED
    chan_select {
        send_case(numbers, 1) {
            break;
        }
        recv_case(goro_context_done(context), NULL) {
            break;
        }
    }
#else
    chan_send(numbers, 1);
#endif
    goro_context_release(context);
}

static void cancel(struct goro_context *context)
{
    goro_context_cancel(context, 0);
    goro_context_release(context);
}

static void kernel(void)
{
    chan_of(int) numbers = chan_make(int, 0);
    struct goro_context *context = goro_context_with_cancel(goro_context_background());
    go(cancel, goro_context_retain(context));
    go(generate, numbers, goro_context_retain(context));
    int number;
    chan_select {
        recv_case(numbers, &number) {
            break;
        }
        recv_case(goro_context_done(context), NULL) {
            break;
        }
    }
    goro_context_cancel(context, 0);
    goro_context_release(context);
}
