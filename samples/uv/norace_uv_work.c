/* Work that is queued runs in a thread of the pool after what was done before, and is over before its second function is called in the
 * loop; a wake-up orders as well. */
#include "barrier.h"
#include <stdlib.h>
#include <uv.h>

#define WORKS 50

static struct schedule s;
static uv_async_t async;
static int done, sum, sent;

static void work(uv_work_t *request)
{
    *(int *)request->data += 1;
}

static void after(uv_work_t *request, int status)
{
    sum += *(int *)request->data + status;
    free(request->data);
    free(request);
    done++;
}

static void woken(uv_async_t *handle)
{
    sum += sent;
    uv_close((uv_handle_t *)handle, NULL);
}

static void wake(void *arg)
{
    (void)arg;
    sent = 1;
    uv_async_send(&async);
    step(&s, 1);
}

int main(void)
{
    uv_thread_t thread;
    uv_loop_t *loop = uv_default_loop();
    uv_async_init(loop, &async, woken);
    uv_thread_create(&thread, wake, NULL);
    await(&s, 1);
    for (int i = 0; i < WORKS; i++) {
        uv_work_t *request = malloc(sizeof *request);
        int *number = malloc(sizeof *number);
        *number = 0;
        request->data = number;
        uv_queue_work(loop, request, work, after);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    uv_thread_join(&thread);
    return !(done == WORKS && sum == WORKS + 1);
}
