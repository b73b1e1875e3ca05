/* A structure is assigned as a whole while another thread writes one member of it. */
#include "barrier.h"
#include <pthread.h>

struct settings {
    long values[40];
};

static struct schedule s;
static struct settings active, backup;

static void *writer(void *arg)
{
    active.values[33] = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, writer, NULL);
    await(&s, 1);
    backup = active; // RACE
    pthread_join(thread, NULL);
    return backup.values[33] == 1 ? 0 : 1;
}
