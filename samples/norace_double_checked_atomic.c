/* Double-checked locking done right: the pointer is stored with release and loaded with acquire. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct config {
    int level;
};

static struct barrier b;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct config *) instance;

static struct config *get(void)
{
    struct config *c = atomic_load_explicit(&instance, memory_order_acquire);
    if (c == NULL) {
        pthread_mutex_lock(&lock);
        c = atomic_load_explicit(&instance, memory_order_relaxed);
        if (c == NULL) {
            c = malloc(sizeof *c);
            c->level = 3;
            atomic_store_explicit(&instance, c, memory_order_release);
        }
        pthread_mutex_unlock(&lock);
    }
    return c;
}

static void *use(void *arg)
{
    barrier_wait(&b, 2);
    return get()->level == 3 ? get() : arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, use, NULL);
    int ok = use(NULL) != NULL;
    pthread_join(thread, NULL);
    free(atomic_load(&instance));
    return ok ? 0 : 1;
}
