/* Double-checked locking. The second check is under the mutex, the first is not: the pointer is loaded without any
 * order after its store (1), and so is all that it points to (2). An atomic pointer, release and acquire, mends both.
 * */
#include "barrier.h"
#include <pthread.h>
#include <stdlib.h>

struct config {
    int level;
};

static struct schedule s;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct config *instance;

static struct config *create(void)
{
    struct config *c = malloc(sizeof *c);
    c->level = 3; // RACE 2
    return c;
}

static struct config *get(void)
{
    struct config *c = instance; // RACE 1
    if (c == NULL) {
        pthread_mutex_lock(&lock);
        if (instance == NULL)
            instance = create(); // RACE 1
        c = instance;
        pthread_mutex_unlock(&lock);
    }
    return c;
}

static void *other(void *arg)
{
    get();
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    int level = get()->level; // RACE 2
    pthread_join(thread, NULL);
    free(instance);
    return level == 3 ? 0 : 1;
}
