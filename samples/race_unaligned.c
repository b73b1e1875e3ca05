/* An unaligned word crosses an eight-byte boundary; the race is on its last byte, beyond the boundary. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static struct __attribute__((packed, aligned(8))) {
    char head[5];
    int straddles; /* bytes 5 to 8 */
    char tail;
} record;

static void *writer(void *arg)
{
    record.straddles = -1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, writer, NULL);
    await(&s, 1);
    int eighth = ((volatile signed char *)&record)[8]; // RACE
    pthread_join(thread, NULL);
    return eighth == -1 ? 0 : 1;
}
