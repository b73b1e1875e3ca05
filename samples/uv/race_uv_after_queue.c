/* What was queued belongs to the work until its second function is called: here it is still written to. */
#include "barrier.h"
#include <uv.h>

static struct schedule s;
static int item;

static void work(uv_work_t *request)
{
    await(&s, 1);
    *(int *)request->data = 2; // RACE
    step(&s, 2);
}

static void after(uv_work_t *request, int status)
{
    (void)request;
    (void)status;
}

int main(void)
{
    uv_work_t request = {.data = &item};
    uv_queue_work(uv_default_loop(), &request, work, after);
    step(&s, 1);
    await(&s, 2);
    item = 1; // RACE
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return 0;
}
