/* The kernel writes, in the name of the thread that called read(), into a buffer that another thread reads. */
#include "barrier.h"
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static struct schedule s;
static char buffer[64] = "old";

static void *reads(void *arg)
{
    int zero = open("/dev/zero", O_RDONLY);
    ssize_t n = read(zero, buffer, sizeof buffer); // RACE
    close(zero);
    step(&s, 1);
    return n == sizeof buffer ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, reads, NULL);
    await(&s, 1);
    int first = buffer[0]; // RACE
    pthread_join(thread, NULL);
    return first;
}
