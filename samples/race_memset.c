/* memset clears a buffer in which another thread has just written, unordered. */
#include "barrier.h"
#include <pthread.h>
#include <string.h>

static struct schedule s;
static char buffer[100];
static volatile size_t length = sizeof buffer; /* a constant one becomes inline stores, which gcc hides */

static void *other(void *arg)
{
    buffer[60] = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    memset(buffer, 0, length); // RACE
    pthread_join(thread, NULL);
    return buffer[60];
}
