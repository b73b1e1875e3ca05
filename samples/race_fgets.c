/* stdio hands data over in the name of its caller: fgets writes the line, another thread reads it, unordered. */
#include "barrier.h"
#include <pthread.h>
#include <stdio.h>

static struct schedule s;
static char line[64];

static void *reads(void *arg)
{
    FILE *file = fopen("/proc/self/comm", "r");
    char *got = fgets(line, sizeof line, file); // RACE
    fclose(file);
    step(&s, 1);
    return got ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, reads, NULL);
    await(&s, 1);
    int first = line[0]; // RACE
    pthread_join(thread, NULL);
    return first == 'r' ? 0 : 1;
}
