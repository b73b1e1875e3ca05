/* Messages through an unbounded queue, to several who pop. */
#include <goro/goro.h>

enum { MESSAGES = 100, WORKERS = 4 };
static int messages[MESSAGES];
static goro_waitgroup done;

static void work(struct goro_queue *queue)
{
    for (int *m; goro_queue_pop(queue, &m, GORO_FOREVER) == 1;)
        ++*m;
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    int sum = 0;
    struct goro_queue *queue = goro_queue_new(sizeof(int *));
    (void)arg;
    goro_waitgroup_add(&done, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        goro_go(work, queue);
    for (int i = 0; i < MESSAGES; i++) {
        int *m = &messages[i];
        *m = i;
        goro_queue_push(queue, &m);
    }
    goro_queue_close(queue);
    goro_waitgroup_wait(&done);
    goro_queue_free(queue);
    for (int i = 0; i < MESSAGES; i++)
        sum += messages[i];
    return sum != 5050;
}

int main(void)
{
    return goro_run(start, NULL);
}
