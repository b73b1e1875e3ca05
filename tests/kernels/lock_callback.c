/* Double lock through a callback: listeners are called with the registry's lock held, and one takes itself off the
 * list. That goes well as long as nobody listens when something is published. Fixed: they are called without the lock.
 * */
#include "kernel.h"

static mutex lock;
static void (*listener)(void);

static void take_off(void)
{
    mutex_lock(&lock);
    listener = NULL;
    mutex_unlock(&lock);
}

static void put_on(waitgroup *ended)
{
    mutex_lock(&lock);
    listener = take_off;
    mutex_unlock(&lock);
    waitgroup_done(ended);
}

static void publish(void)
{
    mutex_lock(&lock);
    void (*called)(void) = listener;
#ifdef FIXED
    mutex_unlock(&lock);
    if (called)
        called();
#else
    if (called)
        called();
    mutex_unlock(&lock);
#endif
}

static void kernel(void)
{
    static waitgroup ended;
    waitgroup_add(&ended, 1);
    go(put_on, &ended);
    publish();
    waitgroup_wait(&ended);
}
