/* A hand-over that no detector can see (here: the invisible barrier), told to it with the annotations that glib, Qt,
 * abseil and others call. The functions are weak: without a detector the program runs as ever. */
#include "barrier.h"
#include <pthread.h>

extern void AnnotateHappensBefore(const char *file, int line, const volatile void *object) __attribute__((weak));
extern void AnnotateHappensAfter(const char *file, int line, const volatile void *object) __attribute__((weak));

static struct schedule s;
static int message;

static void *sender(void *arg)
{
    message = 42;
    if (AnnotateHappensBefore)
        AnnotateHappensBefore(__FILE__, __LINE__, &message);
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sender, NULL);
    await(&s, 1);
    if (AnnotateHappensAfter)
        AnnotateHappensAfter(__FILE__, __LINE__, &message);
    int got = message;
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
