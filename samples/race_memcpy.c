/* memcpy reads its source, here while another thread writes to byte 60 of it. */
#include "barrier.h"
#include <pthread.h>
#include <string.h>

static struct schedule s;
static char from[100], to[100];
static volatile size_t length = sizeof to; /* a constant one may become inline moves, which gcc hides */

static void *other(void *arg)
{
    from[60] = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    memcpy(to, from, length); // RACE
    pthread_join(thread, NULL);
    return to[60] == 1 ? 0 : 1;
}
