/* A write of eight bytes and a read of the last of them: accesses of different sizes race when they share one byte. */
#include "barrier.h"
#include <pthread.h>
#include <stdint.h>

static struct schedule s;
static union {
    uint64_t whole;
    uint8_t byte[8];
} value;

static void *writer(void *arg)
{
    value.whole = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, writer, NULL);
    await(&s, 1);
    int last = value.byte[7]; // RACE
    pthread_join(thread, NULL);
    return last;
}
