/* snprintf writes its output, here into what another thread has written, unordered. */
#include "barrier.h"
#include <pthread.h>
#include <stdio.h>

static struct schedule s;
static char text[32];
static volatile int number = 7;

static void *other(void *arg)
{
    text[1] = 'x'; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    snprintf(text, sizeof text, "%d%d", number, number); // RACE
    pthread_join(thread, NULL);
    return text[1] == '7' ? 0 : 1;
}
