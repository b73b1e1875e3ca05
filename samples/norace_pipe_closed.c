/* The end of file is a message too: closing the last writing end comes before the read that returns 0 for it. */
#include <pthread.h>
#include <unistd.h>

static int ends[2];
static int message;

static void *closes(void *arg)
{
    message = 42;
    close(ends[1]);
    return arg;
}

int main(void)
{
    pthread_t thread;
    char byte;
    if (pipe(ends) != 0)
        return 1;
    pthread_create(&thread, NULL, closes, NULL);
    if (read(ends[0], &byte, 1) != 0)
        return 1;
    int got = message;
    pthread_join(thread, NULL);
    close(ends[0]);
    return got == 42 ? 0 : 1;
}
