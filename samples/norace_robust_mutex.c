/* A thread ends while it holds a robust mutex. The next owner gets EOWNERDEAD, which orders like the unlock that never
 * came: it may repair what the dead one left half done. */
#include "barrier.h"
#include <errno.h>
#include <pthread.h>

static struct schedule s;
static pthread_mutex_t lock;
static int value;

static void *dies(void *arg)
{
    pthread_mutex_lock(&lock);
    value = 1;
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_mutexattr_t robust;
    pthread_mutexattr_init(&robust);
    pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &robust);

    pthread_t thread;
    pthread_create(&thread, NULL, dies, NULL);
    await(&s, 1);
    if (pthread_mutex_lock(&lock) != EOWNERDEAD)
        return 1;
    value++;
    pthread_mutex_consistent(&lock);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    return value == 2 ? 0 : 1;
}
