/* A hand-over told with the compiler runtime's own annotations. */
#include "barrier.h"
#include <pthread.h>

extern void __tsan_release(void *object) __attribute__((weak));
extern void __tsan_acquire(void *object) __attribute__((weak));

static struct schedule s;
static int message;

static void *sender(void *arg)
{
    message = 42;
    if (__tsan_release)
        __tsan_release(&message);
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sender, NULL);
    await(&s, 1);
    if (__tsan_acquire)
        __tsan_acquire(&message);
    int got = message;
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
