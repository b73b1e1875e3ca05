/* Reference counting: every drop releases, the last one acquires (by a fence) and frees. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct object {
    atomic_int references;
    int uses[2];
};

static struct barrier b;
static atomic_int freed;

static void drop(struct object *o)
{
    if (atomic_fetch_sub_explicit(&o->references, 1, memory_order_release) == 1) {
        atomic_thread_fence(memory_order_acquire);
        atomic_store(&freed, o->uses[0] + o->uses[1]);
        free(o);
    }
}

static void *other(void *arg)
{
    struct object *o = arg;
    barrier_wait(&b, 2);
    o->uses[1] = 1;
    drop(o);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    struct object *o = calloc(1, sizeof *o);
    atomic_init(&o->references, 2);
    pthread_create(&thread, NULL, other, o);
    barrier_wait(&b, 2);
    o->uses[0] = 1;
    drop(o);
    pthread_join(thread, NULL);
    return atomic_load(&freed) == 2 ? 0 : 1;
}
