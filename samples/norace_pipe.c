/* A byte through a pipe hands over what was written before it: write comes before the read that gets its data. */
#include <pthread.h>
#include <unistd.h>

static int ends[2];
static int message;

static void *sender(void *arg)
{
    message = 42;
    return write(ends[1], "x", 1) == 1 ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    char byte;
    if (pipe(ends) != 0)
        return 1;
    pthread_create(&thread, NULL, sender, NULL);
    if (read(ends[0], &byte, 1) != 1)
        return 1;
    int got = message;
    pthread_join(thread, NULL);
    close(ends[0]);
    close(ends[1]);
    return got == 42 ? 0 : 1;
}
