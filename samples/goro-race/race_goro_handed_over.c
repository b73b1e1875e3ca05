/* What was pushed belongs to whoever pops it. The push is before the pop, a write behind the push is not. */
#include "goro_await.h"

static struct schedule s;
static struct message {
    int length;
} message;

static void consume(struct goro_queue *queue)
{
    struct message *m;
    goro_queue_pop(queue, &m, GORO_FOREVER);
    m->length++; // RACE consume
    step(&s, 1);
}

static int start(void *arg)
{
    struct message *m = &message;
    struct goro_queue *queue = goro_queue_new(sizeof m);
    (void)arg;
    goro_go(consume, queue);
    goro_queue_push(queue, &m);
    goro_await(&s, 1);
    m->length = 0; // RACE start
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
