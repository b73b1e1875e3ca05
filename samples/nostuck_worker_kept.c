/* A worker without work waits for as long as nobody gives it some. Somebody can: a global leads to the job. Whether somebody will
 * is not known, and so nothing is said. */
#include <gorace/annotate.h>
#include <pthread.h>
#include <stdlib.h>

struct job {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    int begun, done;
};
struct job *volatile the_job;

static void *worker(void *arg)
{
    struct job *job = arg;
    pthread_mutex_lock(&job->lock);
    job->begun = 1;
    pthread_cond_broadcast(&job->ready);
    while (!job->done)
        pthread_cond_wait(&job->ready, &job->lock);
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

static __attribute__((noinline)) void request(void)
{
    pthread_t thread;
    struct job *job = calloc(1, sizeof *job);
    if (!job || pthread_mutex_init(&job->lock, NULL) || pthread_cond_init(&job->ready, NULL))
        abort();
    pthread_create(&thread, NULL, worker, job);
    pthread_detach(thread);
    pthread_mutex_lock(&job->lock);
    while (!job->begun)
        pthread_cond_wait(&job->ready, &job->lock);
    pthread_mutex_unlock(&job->lock);
    the_job = job;
}

int main(void)
{
    request();
    return gorace_check_stuck() != 0;
}
