/* recv() into a buffer that another thread has looked at, unordered: only the bytes that came are written. */
#include "barrier.h"
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static struct schedule s;
static int ends[2];
static char buffer[64];

static void *looks(void *arg)
{
    int second = buffer[1]; // RACE
    int beyond = buffer[40];
    step(&s, 1);
    return second + beyond ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return 1;
    pthread_create(&thread, NULL, looks, NULL);
    await(&s, 1);
    if (send(ends[0], "hello", 5, 0) != 5)
        return 1;
    ssize_t n = recv(ends[1], buffer, sizeof buffer, 0); // RACE
    pthread_join(thread, NULL);
    close(ends[0]);
    close(ends[1]);
    return n == 5 ? 0 : 1;
}
