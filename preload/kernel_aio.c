/* libaio; see kernel_aio.h. What the operations do with buffers and descriptors is not told, as with io_uring. */
#include "kernel_aio.h"

#include "library.h"

#define LIBRARY \
    (const char *const[]) \
    { \
        "libaio", NULL \
    }
#define KERNEL_AIO(ret, name, params) LIBRARY_ROW(ret, name, params)
#include "kernel_aio.def"
#undef KERNEL_AIO

EXPORT int io_submit(void *queue, long n, void *operations)
{
    struct actor *me = current();
    if (me)
        kernel_aio_submits(me, (uintptr_t)queue);
    return LIBRARY_REAL(io_submit)(queue, n, operations);
}

/* These give -errno. */
#define TAKES(name, params, ...) \
    EXPORT int name params \
    { \
        struct actor *me = current(); \
        const int result = PARKED(me, #name, -1, LIBRARY_REAL(name)(__VA_ARGS__)); \
        if (me && result >= 0) \
            kernel_aio_over(me, (uintptr_t)queue); \
        return result; \
    }
TAKES(io_getevents, (void *queue, long least, long n, void *events, void *limit), queue, least, n, events, limit)
TAKES(io_pgetevents, (void *queue, long least, long n, void *events, void *limit, void *mask), queue, least, n, events, limit, mask)
TAKES(io_cancel, (void *queue, void *operation, void *event), queue, operation, event)
TAKES(io_destroy, (void *queue), queue)
