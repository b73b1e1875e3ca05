/* A block is freed with its mutex locked: whoever waits for it waits in freed memory. */
#include <pthread.h>
#include <stdlib.h>

struct job {
    pthread_mutex_t lock;
    int state;
};

int main(void)
{
    struct job *job = malloc(sizeof *job);
    pthread_mutex_init(&job->lock, NULL); // MADE
    pthread_mutex_lock(&job->lock); // HELD
    job->state = 1;
    free(job); // MISUSE free-locked
    return 0;
}
