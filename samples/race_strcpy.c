/* strcpy reads the string up to its end: a byte in the middle races, bytes beyond the end do not. */
#include "barrier.h"
#include <pthread.h>
#include <string.h>

static struct schedule s;
static char name[32] = "anonymous", copy[32];

static void *other(void *arg)
{
    name[3] = 'x'; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    strcpy(copy, name); // RACE
    pthread_join(thread, NULL);
    return copy[3] == 'x' ? 0 : 1;
}
