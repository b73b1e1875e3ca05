/* An annotation about another object orders nothing between these two threads. */
#include "barrier.h"
#include <pthread.h>

extern void AnnotateHappensBefore(const char *file, int line, const volatile void *object) __attribute__((weak));
extern void AnnotateHappensAfter(const char *file, int line, const volatile void *object) __attribute__((weak));

static struct schedule s;
static int message, unrelated;

static void *sender(void *arg)
{
    message = 42; // RACE
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
        AnnotateHappensAfter(__FILE__, __LINE__, &unrelated);
    int got = message; // RACE
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
